#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pxeproof::trace {

// Text for HTML and SVG, between tags and inside quoted attributes. Octets that are no printable
// ASCII or UTF-8 become the replacement character.
std::string html_text(std::string_view text);

// A table: a header and rows of cells. Cells are HTML already (html_text makes it of text).
struct HtmlTable {
  std::string caption{};  // text
  std::vector<std::string> header{};
  struct Row {
    std::vector<std::string> cells{};
    std::string style{};  // "", or a class of the shell: "bad", "warn", "good", "dim"
    std::string id{};     // for links to it
  };
  std::vector<Row> rows{};
};
std::string html_table(const HtmlTable& table);

// A part that unfolds with the mouse, with Enter and with Space.
struct HtmlDetails {
  std::string id{};       // for links to it
  std::string summary{};  // HTML
  std::string content{};  // HTML
  enum class State { Folded, Unfolded } state = State::Folded;
};
std::string html_details(const HtmlDetails& details);

// One bar of a chart: where it begins and how long it is, in the chart's unit.
struct ChartBar {
  std::string label{};  // text, left of the bar
  double begin = 0;
  double length = 0;
  std::string value{};  // text, right of the bar
  std::string style{};  // as of a table's row
  std::string link{};   // "#id"; empty: none
};

// Horizontal bars over a common axis from zero, as inline SVG. The title names it to who cannot
// see it.
std::string html_bars(std::string_view title, std::string_view unit,
                      const std::vector<ChartBar>& bars);

// A line of a chart.
struct ChartLine {
  std::string name{};
  std::vector<std::pair<double, double>> points{};  // by x
};
struct ChartAxes {
  std::string title{};
  std::string x{};  // names with units
  std::string y{};
};

// Lines over common axes from zero, as inline SVG, with a legend when there are several.
std::string html_lines(const ChartAxes& axes, const std::vector<ChartLine>& lines);

// One self-contained HTML page: style inside, no script, nothing fetched, light and dark, usable
// with the keyboard alone. It forbids itself every connection.
class HtmlPage {
 public:
  explicit HtmlPage(std::string title) : title_(std::move(title)) {}

  // A paragraph under the title; text.
  void set_lead(std::string text) { lead_ = std::move(text); }
  // What the page says first: "BOOTED", with a class as of a table's row; text.
  void set_verdict(std::string text, std::string style);

  // A section of the page, listed in its contents. The content is HTML.
  void add_section(std::string id, std::string heading, std::string content);

  // The closing line; text.
  void set_footer(std::string text) { footer_ = std::move(text); }

  std::string render() const;

 private:
  struct Section {
    std::string id;
    std::string heading;
    std::string content;
  };
  std::string title_;
  std::string lead_;
  std::string verdict_;
  std::string verdict_style_;
  std::string footer_;
  std::vector<Section> sections_;
};

}  // namespace pxeproof::trace
