// What everything of a fleet is called on the server. One place, because permissions are given by
// these names (docs/fleet-security.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/quantity.h"

namespace isojoule::fleet {

// Of the messages' form. An agent says which it speaks; a study says which it needs. Raised where
// an older reader would misread a newer writer.
inline constexpr int kProtocol = 1;

// Streams.
inline constexpr const char* kBlocks =
    "isojoule_blocks";  // work queue: isojoule.block.STUDY.LANE.BLOCK
inline constexpr const char* kRuns = "isojoule_runs";  // isojoule.run.BOARD.STUDY.BLOCK.SEQUENCE
inline constexpr const char* kObjects = "isojoule_objects";  // isojoule.object.WRITER.HASH.PIECE
// Buckets.
inline constexpr const char* kCards = "isojoule_boards";  // BOARD -> BoardCard: who is there
inline constexpr const char* kPulses =
    "isojoule_pulses";  // BOARD -> Pulse: alive; goes by itself after kPulseAge
inline constexpr const char* kOrders = "isojoule_orders";    // BOARD -> Order: drain
inline constexpr const char* kStudies = "isojoule_studies";  // STUDY -> StudyRecord
inline constexpr const char* kJoins = "isojoule_joins";  // STUDY.BOARD -> Join: lane, or why not
inline constexpr const char* kTroubles =
    "isojoule_troubles";  // STUDY.SEQUENCE -> Trouble: a run that agents died of

inline constexpr Duration kPulsePeriod = Duration::milliseconds(3000);
inline constexpr Duration kPulseAge =
    Duration::milliseconds(15'000);  // without a pulse for so long: lost

std::string block_subject(const std::string& study, std::int64_t lane, std::int64_t block);
std::string lane_filter(const std::string& study,
                        std::int64_t lane);                           // isojoule.block.STUDY.LANE.*
std::string study_blocks_filter(const std::string& study);            // isojoule.block.STUDY.>
std::string lane_queue(const std::string& study, std::int64_t lane);  // the consumer: STUDY_LANE
std::string run_subject(const std::string& board, const std::string& study, std::int64_t block,
                        std::int64_t sequence);
std::string study_runs_filter(const std::string& study);  // isojoule.run.*.STUDY.>
std::string block_runs_filter(const std::string& study,
                              std::int64_t block);  // isojoule.run.*.STUDY.BLOCK.*
std::string object_subject(const std::string& writer, const std::string& hash, std::int64_t piece);
std::string ask_subject(const std::string& board);  // isojoule.ask.BOARD
std::string join_key(const std::string& study, const std::string& board);
std::string trouble_key(const std::string& study, std::int64_t sequence);

// What stands between the dots; views into the subject.
std::vector<std::string_view> subject_tokens(std::string_view subject);

// The parts of a run's subject. Errors: invalid.
struct RunPlace {
  std::string board, study;
  std::int64_t block = 0, sequence = 0;
};
Result<RunPlace> parse_run_subject(std::string_view subject);

// A board's name is one token of a subject: 1 to 48 letters, digits, - and _. Errors: invalid, with
// what it could be.
Status check_board_name(std::string_view name);
std::string possible_board_name(std::string_view text);  // others become -

}  // namespace isojoule::fleet
