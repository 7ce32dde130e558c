// The words between the core and isojoule-figures, over a socket pair that the program finds as
// descriptor 3: frames, each its length as eight bytes (the machine's own order: both run on it)
// and that many bytes.
//
// The core sends two frames: the options as JSON, {"width_mm":85,"only":[],"networks":[]}, and the
// study as JSON (report/summary_json.h). The program answers with {"figures":N,...} or
// {"error":"..."}, then for each of the N figures with four: what it is (web/src/paper.ts:
// PaperFigure, without svg and csv), SVG, CSV, PDF. Where there is no drawing the last three are
// empty and the first says why.
#pragma once

#include <cstddef>
#include <cstdint>

namespace isojoule {

inline constexpr int kFigureDescriptor = 3;
inline constexpr std::size_t kFigureFrameHead = 8;  // bytes of the length
// Longer frames are an error: a program that went mad must not fill the core's memory.
inline constexpr std::uint64_t kFigureFrameLimit = std::uint64_t{1} << 28;  // bytes

}  // namespace isojoule
