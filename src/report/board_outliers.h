// Boards that are not like the others of their type, each with the reason in a sentence.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/board_model.h"

namespace isojoule {

enum class OutlierKind : std::uint8_t {
  effect,         // more or less energy at all settings
  interaction,    // another profile over the settings
  repeatability,  // its runs repeat worse
};
std::string_view name_of(OutlierKind kind);  // "effect", "profile", "repeatability"

struct OutlierBoard {
  std::size_t board = 0;  // place in the table
  OutlierKind kind = OutlierKind::effect;
  double percent = 0;    // distance from the others; of the latter two the board's own spread
  double usual = 0;      // the others' spread, in percent
  double score = 0;      // in what `threshold` is in
  double threshold = 0;  // passed by chance in one of 20 fleets of so many boards
  std::string sentence;
};

// effect: distance from the boards' median over their MAD (F. Hampel, JASA 69, 1974), so that an
//   outlier does not hide itself; the threshold is the largest such distance of as many normal
//   boards, found by drawing (seeded). At least five boards.
// interaction, repeatability: mean square of a board against those of the others, F with both
//   degrees of freedom, p times the boards (Bonferroni) below 0.05; and a spread of at least 1.5
//   times the others', for a difference that is sure but small needs no sentence. Score and
//   threshold are the ratio of spreads. At least three boards.
// Each kind gives a false alarm in at most 5 of 100 fleets without an outlier.
std::vector<OutlierBoard> outlier_boards(const BoardTable& table, const WithinBoards& within,
                                         const BoardFit& fit, std::uint64_t seed);

// The distance from the median in robust deviations that the farthest of `boards` normal values
// passes in 5 of 100 fleets.
double robust_threshold(std::size_t boards, std::uint64_t seed);

}  // namespace isojoule
