#pragma once

#include <string_view>

namespace pxeproof::trace {

// The style of every page and picture here. Colours have names; the dark scheme renames them.
inline constexpr std::string_view kColours = R"(
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#59636e;--paper:#fff;--shade:#f3f5f8;
--rule:#d0d7de;
--link:#0757b8;--good:#1a6b32;--warn:#8a5300;--bad:#b3202a;--bar:#4a7fc1}
@media(prefers-color-scheme:dark){:root{--ink:#e4e8ec;--dim:#9aa5b1;--paper:#14181d;
--shade:#1e242b;
--rule:#3a434d;--link:#7ab4ff;--good:#69c884;--warn:#e0a54a;--bad:#ff7d7d;--bar:#5f93d4}}
)";

inline constexpr std::string_view kPictureStyle = R"(
svg text{font:12px ui-monospace,"DejaVu Sans Mono",monospace;fill:var(--ink);
paint-order:stroke;stroke:var(--paper);stroke-width:3px}
svg .dim{fill:var(--dim)}svg .rule{stroke:var(--rule)}svg .line{stroke:var(--ink);fill:none}
svg .head{fill:var(--ink)}svg .bar{fill:var(--bar)}svg .bar.bad{fill:var(--bad)}
svg .bar.warn{fill:var(--warn)}svg .bar.good{fill:var(--good)}svg .bar.dim{fill:var(--rule)}
svg .file{stroke-width:3}svg .lost{stroke-dasharray:4 4;stroke:var(--bad)}
svg text.warn{fill:var(--warn)}svg text.bad{fill:var(--bad)}svg text.good{fill:var(--good)}
svg a:hover text,svg a:focus text{fill:var(--link);text-decoration:underline}
svg .s0{stroke:var(--bar)}svg .s1{stroke:var(--warn)}svg .s2{stroke:var(--good)}
svg .s3{stroke:var(--bad)}
)";

inline constexpr std::string_view kPageStyle = R"(
*{box-sizing:border-box}html{scroll-behavior:smooth;scroll-padding-top:1rem}
body{margin:0 auto;padding:1.2rem;max-width:78rem;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,"DejaVu Sans",sans-serif}
h1{font-size:1.5rem;margin:0 0 .4rem}h2{font-size:1.15rem;margin:1.8rem 0 .5rem;
border-bottom:1px solid var(--rule);padding-bottom:.2rem}h3{font-size:1rem;margin:1rem 0 .3rem}
a{color:var(--link)}
a:focus-visible,summary:focus-visible,.wide:focus-visible{outline:3px solid var(--link);
outline-offset:2px}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;background:var(--paper);padding:.4rem;
z-index:1}
nav ul{list-style:none;padding:0;margin:.6rem 0;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem}
.verdict{font-weight:600;font-size:1.1rem;margin:.2rem 0}
.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}.dim{color:var(--dim)}
.wide{overflow-x:auto;margin:.4rem 0}table{border-collapse:collapse;font-size:.92rem;
min-width:40%}
caption{text-align:left;color:var(--dim);padding:.2rem 0}
th,td{text-align:left;vertical-align:top;padding:.25rem .7rem;border-bottom:1px solid var(--rule)}
th{background:var(--shade)}tr.bad td:first-child{border-left:4px solid var(--bad)}
tr.warn td:first-child{border-left:4px solid var(--warn)}
tr.good td:first-child{border-left:4px solid var(--good)}
tr.bad td,tr.warn td,tr.good td,tr.dim td{color:var(--ink)}tr.dim td{color:var(--dim)}
tr:target,details:target{background:var(--shade);outline:2px solid var(--link)}
code,pre,td.code{font-family:ui-monospace,"DejaVu Sans Mono",monospace;font-size:.88rem}
pre{background:var(--shade);padding:.6rem;overflow-x:auto;white-space:pre}
td pre{margin:0;padding:.2rem .6rem}td code{overflow-wrap:anywhere}
.inside pre{white-space:pre-wrap;overflow-wrap:anywhere}
details{border:1px solid var(--rule);border-radius:4px;margin:.25rem 0}
summary{padding:.3rem .6rem;cursor:pointer}details[open]>summary{background:var(--shade)}
.inside{padding:.3rem .8rem .6rem}
.sides{display:grid;grid-template-columns:1fr 1fr;gap:.8rem}
@media(max-width:50rem){.sides{grid-template-columns:1fr}}
.sides>*{min-width:0}.sides svg{max-width:100%;height:auto}figure{margin:.5rem 0;overflow-x:auto}
figcaption{color:var(--dim);
font-size:.9rem}
svg{display:block}footer{margin:2rem 0 0;color:var(--dim);font-size:.88rem}
@media print{nav,.skip{display:none}}
)";

}  // namespace pxeproof::trace
