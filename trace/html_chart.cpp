#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "trace/html_page.h"

namespace pxeproof::trace {

namespace {

constexpr double kPlotWidth = 560;
constexpr double kPlotHeight = 260;
constexpr double kLetterWidth = 7.3;
constexpr double kBarHeight = 22;

// 1, 2 or 5 times a power of ten, so that about five marks cover the range.
double mark_distance(double range) {
  if (!(range > 0)) return 1;
  const double power = std::pow(10, std::floor(std::log10(range / 5)));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (range / (step * power) <= 6) return step * power;
  }
  return 10 * power;
}

std::string svg_begin(std::string_view title, double width, double height) {
  return fmt::format(
      "<figure><figcaption>{0}</figcaption><svg xmlns=\"http://www.w3.org/2000/svg\" "
      "width=\"{1:.0f}\" height=\"{2:.0f}\" viewBox=\"0 0 {1:.0f} {2:.0f}\" role=\"img\" "
      "aria-label=\"{0}\">\n",
      html_text(title), width, height);
}

double finite(double value) { return std::isfinite(value) ? std::max(value, 0.0) : 0.0; }

// Vertical marks at round numbers.
std::string x_marks(double left, double top, double bottom, double range, std::string_view unit) {
  std::string svg;
  const double distance = mark_distance(range);
  for (int mark = 0; mark * distance <= range * 1.0001 && mark < 20; ++mark) {
    const double x = left + mark * distance / range * kPlotWidth;
    svg += fmt::format(
        "<line class=\"rule\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{2:.1f}\"/>"
        "<text class=\"dim\" x=\"{0:.1f}\" y=\"{3:.1f}\" text-anchor=\"middle\">{4:g}{5}</text>\n",
        x, top, bottom, bottom + 14, mark * distance, html_text(unit));
  }
  return svg;
}

}  // namespace

std::string html_bars(std::string_view title, std::string_view unit,
                      const std::vector<ChartBar>& bars) {
  double range = 0;
  std::size_t longest_label = 4;
  std::size_t longest_value = 0;
  for (const ChartBar& bar : bars) {
    range = std::max(range, finite(bar.begin) + finite(bar.length));
    longest_label = std::max(longest_label, bar.label.size());
    longest_value = std::max(longest_value, bar.value.size());
  }
  if (range <= 0) range = 1;
  const double left =
      static_cast<double>(std::min<std::size_t>(longest_label, 48)) * kLetterWidth + 10;
  const double height = static_cast<double>(bars.size()) * kBarHeight + 30;
  std::string svg = svg_begin(
      title, left + kPlotWidth + static_cast<double>(longest_value) * kLetterWidth + 20, height);
  svg += x_marks(left, 4, height - 24, range, unit.empty() ? "" : fmt::format(" {}", unit));
  double y = 8;
  for (const ChartBar& bar : bars) {
    const double x = left + finite(bar.begin) / range * kPlotWidth;
    const double length = std::max(finite(bar.length) / range * kPlotWidth, 1.5);
    const std::string label = bar.label.size() > 48 ? bar.label.substr(0, 45) + "..." : bar.label;
    std::string words = fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>",
                                    left - 8, y + 12, html_text(label));
    if (!bar.link.empty()) words = fmt::format("<a href=\"{}\">{}</a>", html_text(bar.link), words);
    svg += fmt::format(
        "<g><title>{}: {}</title>{}<rect class=\"bar {}\" x=\"{:.1f}\" y=\"{:.1f}\" "
        "width=\"{:.1f}\" height=\"15\" rx=\"2\"/><text class=\"dim\" x=\"{:.1f}\" y=\"{:.1f}\">{}"
        "</text></g>\n",
        html_text(bar.label), html_text(bar.value), words, html_text(bar.style), x, y, length,
        x + length + 5, y + 12, html_text(bar.value));
    y += kBarHeight;
  }
  return svg + "</svg></figure>\n";
}

std::string html_lines(const ChartAxes& axes, const std::vector<ChartLine>& lines) {
  constexpr double kLeft = 80;
  constexpr double kTop = 24;
  double x_range = 0;
  double y_range = 0;
  for (const ChartLine& line : lines) {
    for (const auto& [x, y] : line.points) {
      x_range = std::max(x_range, finite(x));
      y_range = std::max(y_range, finite(y));
    }
  }
  if (x_range <= 0) x_range = 1;
  if (y_range <= 0) y_range = 1;
  std::string svg = svg_begin(axes.title, kLeft + kPlotWidth + 40, kTop + kPlotHeight + 46);
  svg += x_marks(kLeft, kTop, kTop + kPlotHeight, x_range, "");
  const double distance = mark_distance(y_range);
  for (int mark = 0; mark * distance <= y_range * 1.0001 && mark < 20; ++mark) {
    const double y = kTop + kPlotHeight - mark * distance / y_range * kPlotHeight;
    svg += fmt::format(
        "<line class=\"rule\" x1=\"{0:.1f}\" x2=\"{1:.1f}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>"
        "<text class=\"dim\" x=\"{3:.1f}\" y=\"{4:.1f}\" text-anchor=\"end\">{5:g}</text>\n",
        kLeft, kLeft + kPlotWidth, y, kLeft - 6, y + 4, mark * distance);
  }
  svg += fmt::format(
      "<text class=\"dim\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>"
      "<text class=\"dim\" x=\"4\" y=\"14\">{}</text>\n",
      kLeft + kPlotWidth, kTop + kPlotHeight + 34, html_text(axes.x), html_text(axes.y));
  std::size_t index = 0;
  double legend = kLeft;
  for (const ChartLine& line : lines) {
    std::string points;
    for (const auto& [x, y] : line.points) {
      points += fmt::format("{:.1f},{:.1f} ", kLeft + finite(x) / x_range * kPlotWidth,
                            kTop + kPlotHeight - finite(y) / y_range * kPlotHeight);
    }
    svg += fmt::format(
        "<polyline class=\"line s{}\" stroke-width=\"2\" points=\"{}\"><title>{}"
        "</title></polyline>\n",
        index % 4, points, html_text(line.name));
    if (lines.size() > 1) {
      svg += fmt::format(
          "<line class=\"line s{0}\" stroke-width=\"3\" x1=\"{1:.1f}\" x2=\"{2:.1f}\" "
          "y1=\"{3:.1f}\" y2=\"{3:.1f}\"/><text x=\"{4:.1f}\" y=\"{5:.1f}\">{6}</text>\n",
          index % 4, legend, legend + 18, kTop + kPlotHeight + 30, legend + 22,
          kTop + kPlotHeight + 34, html_text(line.name));
      legend += 40 + static_cast<double>(line.name.size()) * kLetterWidth;
    }
    ++index;
  }
  return svg + "</svg></figure>\n";
}

}  // namespace pxeproof::trace
