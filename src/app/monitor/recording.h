// What a monitor samples, as a study file for show, report, export and energy.
//
// Memory is bounded: a recording is cut into pieces of at most kPieceReadings readings or an hour,
// each a run of the study (an hour at 10 a second, a few minutes at 1 kHz). A piece is no repeat of
// the one before it: from the second on, its number is in its network's name ("monitor, part 2"),
// so that each is a point of its own. The piece that grows is written anew every kSavePeriod, or
// more seldom where that would cost: a twentieth of its age, twenty times what the last save took.
// So much is lost when the program is ended by force.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/monitor/sample_ring.h"
#include "base/clock.h"
#include "data/study_file.h"
#include "engine/engine.h"

namespace isojoule {

class LiveRecording {
 public:
  static constexpr std::size_t kPieceReadings = 400'000;  // of all channels: 6 MB
  static constexpr Duration kPieceLength = Duration::milliseconds(3'600'000);
  static constexpr Duration kSavePeriod = Duration::milliseconds(5000);

  struct About {
    StudyInfo info;
    std::string network;  // what runs: a network's name, a program's, "monitor"
    Setting setting;
    std::int64_t batch = 1;
    Clock* real = nullptr;  // to time the saves by, outlives this; null: they take no time
  };
  // The file must not be there. `shape`: as the sampler's. Errors: StudyFile::create()'s.
  static Result<std::unique_ptr<LiveRecording>> create(const std::string& path, About about,
                                                       const Trace& shape, Instant now);

  void take(const SampleRecord& record);
  // What the engine or the program says.
  void take(const Event& event);
  // Now and then: saves where it is time to. `counters`: since the start.
  Status tidy(Instant now, const Counters& counters);
  Status finish(Instant now, const Counters& counters);
  std::int64_t pieces() const { return pieces_; }  // in the file

 private:
  LiveRecording(std::unique_ptr<StudyFile> study, About about, const Trace& shape, Instant now);
  Status save(Instant now, const Counters& counters);
  void begin_piece(Instant now, const Counters& counters);
  std::string network_of_piece() const;
  bool is_empty() const;
  Run run_of(Instant now, const Counters& counters) const;

  std::unique_ptr<StudyFile> study_;
  About about_;
  Trace trace_;
  std::size_t readings_ = 0;
  Instant began_, saved_;
  Duration saving_{};        // the real time that the last save took
  std::int64_t pieces_ = 0;  // saved
  Counters own_;             // raised here, in this piece
  std::string wall_time_;
  std::int64_t sequence_ = 0;
  Counters before_;  // raised before this piece
  std::vector<Phase> phases_;
  std::optional<PhaseKind> open_;
  Instant open_since_;
  std::vector<BatchMark> batches_;
  std::vector<Window> windows_;
  std::map<std::string, std::string> notes_;
};

}  // namespace isojoule
