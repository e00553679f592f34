#include "trace/html_page.h"

#include <fmt/format.h>

#include <utility>

#include "trace/html_style.h"

namespace pxeproof::trace {

namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// The length of the UTF-8 character that begins here; 0 when there is none.
std::size_t character_length(std::string_view text) {
  const auto octet = [text](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  };
  const auto continues = [&octet](std::size_t at) { return (octet(at) & 0xc0U) == 0x80U; };
  const unsigned first = octet(0);
  if (first < 0x80) return first >= 0x20 || first == '\n' || first == '\t' ? 1 : 0;
  if (first >= 0xc2 && first < 0xe0 && continues(1)) return 2;
  if (first >= 0xe0 && first < 0xf0 && continues(1) && continues(2)) {
    const bool too_long = first == 0xe0 && octet(1) < 0xa0;
    const bool surrogate = first == 0xed && octet(1) >= 0xa0;
    return too_long || surrogate ? 0 : 3;
  }
  if (first >= 0xf0 && first < 0xf5 && continues(1) && continues(2) && continues(3)) {
    const bool outside = (first == 0xf0 && octet(1) < 0x90) || (first == 0xf4 && octet(1) >= 0x90);
    return outside ? 0 : 4;
  }
  return 0;
}

std::string attribute(std::string_view name, std::string_view value) {
  return value.empty() ? std::string() : fmt::format(" {}=\"{}\"", name, html_text(value));
}

}  // namespace

std::string html_text(std::string_view text) {
  std::string html;
  html.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length == 0) {
      html += kReplacement;
      text.remove_prefix(1);
      continue;
    }
    switch (text.front()) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return html;
}

std::string html_table(const HtmlTable& table) {
  // Wide tables scroll by themselves; with a tab stop they do so from the keyboard, too.
  std::string html = fmt::format("<div class=\"wide\" tabindex=\"0\" role=\"region\"{}><table>",
                                 attribute("aria-label", table.caption));
  if (!table.caption.empty())
    html += fmt::format("<caption>{}</caption>", html_text(table.caption));
  html += "<thead><tr>";
  for (const std::string& cell : table.header) {
    html += fmt::format("<th scope=\"col\">{}</th>", cell);
  }
  html += "</tr></thead>\n<tbody>";
  for (const HtmlTable::Row& row : table.rows) {
    html += fmt::format("<tr{}{}>", attribute("id", row.id), attribute("class", row.style));
    for (const std::string& cell : row.cells) html += fmt::format("<td>{}</td>", cell);
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string html_details(const HtmlDetails& details) {
  return fmt::format(
      "<details{}{}><summary>{}</summary>\n<div class=\"inside\">{}</div></details>\n",
      attribute("id", details.id), details.state == HtmlDetails::State::Unfolded ? " open" : "",
      details.summary, details.content);
}

void HtmlPage::set_verdict(std::string text, std::string style) {
  verdict_ = std::move(text);
  verdict_style_ = std::move(style);
}

void HtmlPage::add_section(std::string id, std::string heading, std::string content) {
  sections_.push_back({std::move(id), std::move(heading), std::move(content)});
}

std::string HtmlPage::render() const {
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'\">\n"
      "<meta name=\"generator\" content=\"pxeproof\">\n"
      "<title>{}</title>\n<style>{}{}{}</style></head>\n<body>\n",
      html_text(title_), kColours, kPictureStyle, kPageStyle);
  html +=
      fmt::format("<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header><h1>{}</h1>",
                  html_text(title_));
  if (!verdict_.empty()) {
    html += fmt::format("<p class=\"verdict {}\">{}</p>", html_text(verdict_style_),
                        html_text(verdict_));
  }
  if (!lead_.empty()) html += fmt::format("<p>{}</p>", html_text(lead_));
  html += "</header>\n";
  if (sections_.size() > 1) {
    html += "<nav aria-label=\"Contents\"><ul>";
    for (const Section& section : sections_) {
      html += fmt::format("<li><a href=\"#{}\">{}</a></li>", html_text(section.id),
                          html_text(section.heading));
    }
    html += "</ul></nav>\n";
  }
  html += "<main id=\"main\">\n";
  for (const Section& section : sections_) {
    html += fmt::format("<section id=\"{}\"><h2>{}</h2>\n{}</section>\n", html_text(section.id),
                        html_text(section.heading), section.content);
  }
  html += "</main>\n";
  if (!footer_.empty()) html += fmt::format("<footer>{}</footer>\n", html_text(footer_));
  return html + "</body></html>\n";
}

}  // namespace pxeproof::trace
