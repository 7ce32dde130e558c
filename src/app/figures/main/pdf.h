// A figure's SVG as one page of PDF of its size: lines stay lines, text stays text in embedded
// fonts.
#pragma once

#include <string>

namespace isojoule::figures {

struct PdfInfo {
  double width_mm = 0;
  double height_mm = 0;
  std::string title;
  std::string subject;
  std::string creator;
  std::string created;  // ISO 8601: the same study gives the same file
};

// Throws std::runtime_error with librsvg's or cairo's words.
std::string pdf_of_svg(const std::string& svg, const PdfInfo& info);

}  // namespace isojoule::figures
