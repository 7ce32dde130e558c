// Where calibrations are kept, and how a board is told from its sisters, so that what was found of
// one is never applied to another.
#pragma once

#include <string>
#include <vector>

#include "app/paths.h"
#include "board/board.h"

namespace isojoule {

// What a board says of itself to every user; "" = it does not say. A serial number that only root
// may read (DMI) is left out, or root's calibrations would not be found by others.
struct BoardIdentity {
  std::string board;       // of the board file: "jetson-nano"
  std::string model;       // device-tree model, or DMI product name; for people
  std::string serial;      // device-tree serial-number (Jetson, Raspberry Pi)
  std::string machine_id;  // machine-id(5): of the installed system
  std::string hostname;
  std::string twin;  // of a simulated board: its boot_id, which follows from its seed
  bool operator==(const BoardIdentity&) const = default;
};
BoardIdentity identity_of(Board& board);
// Decided by the first of twin, serial, machine_id and hostname that both have (a twin only ever
// equals a twin); false where there is none. The board's name must be the same.
bool same_board(const BoardIdentity& a, const BoardIdentity& b);
// "serial number 1421...", "host nano-3": what same_board() would go by.
std::string name_of(const BoardIdentity& identity);

struct StoredCalibration {
  BoardIdentity board;
  std::string release;  // of the board file, that it was found under; "": it does not say
  std::string rail;
  std::string sensor;  // ChannelInfo::sensor: chip, address and channel
  Calibration calibration;
  bool operator==(const StoredCalibration&) const = default;
};

// The file that this user's calibrations are written to: STATE/calibration.toml (guard_place.h).
std::string calibration_file(const Paths& paths);
// As a file's text, with units in its keys.
std::string to_toml(const std::vector<StoredCalibration>& all);
// Errors: parse with line and column, invalid (a gain that is not positive, no number).
Result<std::vector<StoredCalibration>> parse_calibrations(const std::string& toml,
                                                          const std::string& path);
// None where the file is not there. Errors: permission_denied, io; those of parse_calibrations.
Result<std::vector<StoredCalibration>> load_calibrations(const std::string& path);
// From every folder of STATE, this user's first: where two speak of one channel of one board, the
// first counts.
Result<std::vector<StoredCalibration>> known_calibrations(const Paths& paths);

// Adds it, in place of one of the same board and channel. Whole or not at all, under a lock.
// Errors: those of the file, busy.
Status store_calibration(const std::string& path, const StoredCalibration& calibration);
// Of this board and rail ("" = all its rails); returns how many.
Result<std::size_t> remove_calibrations(const std::string& path, const BoardIdentity& board,
                                        const std::string& rail);

// Gives the board what is known of its channels. One that is older than a year, of no date or of
// the future, found under another release, or whose board is told by its host's name alone, is used
// and stands among the board's calibration_doubts. Errors: those of the file.
Status use_calibrations(const Paths& paths, Board& board);
// These doubts as problems, for `probe`. They are none of the board's: its sensors work.
std::vector<Error> calibration_problems(const Board& board);

// Whole days since an ISO 8601 date, by the wall clock; absent where it is no date.
std::optional<int> days_since(const std::string& date);

}  // namespace isojoule
