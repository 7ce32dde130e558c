#include "report/table.h"

#include <algorithm>

namespace isojoule {

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;  // not a continuation byte
  }));
}

void Table::add_column(std::string header, Align align) {
  widths_.push_back(display_width(header));
  headers_.push_back(std::move(header));
  aligns_.push_back(align);
}

void Table::add_row(std::vector<std::string> cells) {
  cells.resize(headers_.size());
  for (std::size_t i = 0; i < cells.size(); ++i)
    widths_[i] = std::max(widths_[i], display_width(cells[i]));
  rows_.push_back(std::move(cells));
}

std::string Table::line(const std::vector<std::string>& cells, std::size_t indent) const {
  std::string text(indent, ' ');
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string space(widths_[i] - display_width(cells[i]), ' ');
    if (i > 0) text += "  ";
    text += aligns_[i] == Align::right ? space + cells[i] : cells[i] + space;
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

std::string Table::to_text(std::size_t indent) const {
  std::string text = line(headers_, indent);
  std::size_t width = 0;
  for (const std::size_t column : widths_) width += column + 2;
  text += std::string(indent, ' ') + std::string(width < 2 ? 0 : width - 2, '-') + "\n";
  for (const auto& row : rows_) text += line(row, indent);
  return text;
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  const std::string margin(indent, ' ');
  std::string result, current;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t space = std::min(text.find_first_of(" \n", at), text.size());
    const std::string_view word = text.substr(at, space - at);
    at = space + 1;
    if (word.empty()) continue;
    if (!current.empty() && indent + display_width(current) + 1 + display_width(word) > width) {
      result += margin + current + "\n";
      current.clear();
    }
    if (!current.empty()) current += ' ';
    current += word;
  }
  return current.empty() ? result : result + margin + current + "\n";
}

}  // namespace isojoule
