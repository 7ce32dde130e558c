// Text tables for terminals: columns as wide as their widest cell, numbers to the right, no wider
// than the caller makes them. UTF-8: a code point counts as one column.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace isojoule {

class Table {
 public:
  enum class Align { left, right };
  void add_column(std::string header, Align align = Align::right);
  // As many cells as there are columns; missing ones are empty.
  void add_row(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  std::string to_text(std::size_t indent = 2) const;

 private:
  std::string line(const std::vector<std::string>& cells, std::size_t indent) const;
  std::vector<std::string> headers_;
  std::vector<Align> aligns_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
};

std::size_t display_width(std::string_view text);
// Broken at spaces to lines of `width` columns, each with `indent` spaces before it.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width = 100);

}  // namespace isojoule
