// Runs of a study from the fleet's server into the one study file, each once.
//
// The first valid message of a run, in the order of the server's stream, is the run: so everybody
// who collects, anywhere, gets the same study. How far a file has read stands in the file.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/fleet/run_ledger.h"
#include "base/error.h"
#include "data/study_file.h"
#include "fleet/bus.h"
#include "fleet/message.h"

namespace isojoule {

// Of one board of a study.
struct BoardTally {
  std::int64_t runs = 0;     // in the study file
  std::int64_t refused = 0;  // messages that were none of the study's runs, or could not be read
  std::string why;           // of the last that was refused
};

struct CollectTally {
  std::int64_t collected = 0;                // by this collector
  std::int64_t already_there = 0;            // in the file when it began
  std::int64_t failed = 0;                   // of all runs in the file
  std::int64_t twice = 0;                    // messages of runs that were there
  std::int64_t refused = 0;                  // messages that say what was not planned
  std::int64_t damaged = 0;                  // messages that cannot be read
  std::int64_t without_trace = 0;            // runs whose trace did not come
  std::map<std::string, BoardTally> boards;  // by name; also those of earlier sessions
};

// One thread. Bus, ledger and study file outlive it.
class RunCollector {
 public:
  // Marks in the ledger what the file has. Where the study was created on the server at another
  // time than when the file read from it, the file's place in the stream means nothing there.
  // Errors: those of the file; a server that is away is met in collect().
  static Result<std::unique_ptr<RunCollector>> begin(fleet::Bus& bus,
                                                     const fleet::StudyRecord& study,
                                                     RunLedger& ledger, StudyFile& file);

  // Takes what comes within `limit`, which is exceeded only by the writing of one run; returns at
  // once when every planned run is there. Returns how many messages came. A server that does not
  // answer is no error: see away(). Errors: those of the file.
  Result<std::int64_t> collect(Duration limit);

  // Sees every run before it is stored, and may add notes to it.
  void look_at(std::function<void(Run&)> look) { look_ = std::move(look); }

  const CollectTally& tally() const { return tally_; }
  // Why nothing comes, where the server does not answer; "" = it does.
  const std::string& away() const { return away_; }
  // Subjects of messages that were refused or damaged, by the run that they claim to be; of runs
  // that are not there. A board that looks for what is stored would take these for runs.
  std::vector<std::string> bad_subjects(std::int64_t sequence) const;
  // How many such messages there are of this run, under whichever subjects.
  std::int64_t bad_messages(std::int64_t sequence) const;
  // They are no longer on the server.
  void forget_bad(std::int64_t sequence);
  // From the stream's first message on, as if nothing had been read: what an earlier collector of
  // this file refused, or what was too much to be remembered, is known to nobody else. Runs that
  // are there are passed over.
  void read_anew();

  // What the cards say of the boards, for those whose runs are in the file. Errors: of the file.
  Status know_boards(const std::vector<fleet::BoardCard>& cards);

 private:
  RunCollector(fleet::Bus& bus, const fleet::StudyRecord& study, RunLedger& ledger, StudyFile& file)
      : bus_(bus), study_(study.study), created_(study.created), ledger_(ledger), file_(file) {}
  Status remember_earlier();
  Status take(const fleet::BusMessage& message);
  Status store(const fleet::RunPlace& place, fleet::RunMessage run);
  void refuse(const fleet::BusMessage& message, const std::optional<fleet::RunPlace>& place,
              const std::string& why, bool damaged);
  // False: the server is away; the message is to be taken again.
  bool fetch_trace(const fleet::RunPlace& place, fleet::RunMessage& run);
  Status save_position();

  fleet::Bus& bus_;
  std::string study_, created_;
  RunLedger& ledger_;
  StudyFile& file_;
  std::unique_ptr<fleet::Reader> reader_;
  std::optional<fleet::BusMessage> pending_;  // read, and not stored: its trace did not come yet
  std::uint64_t position_ = 0;                // of the last message that was dealt with
  std::uint64_t saved_ = 0;                   // of that, what the file knows
  CollectTally tally_;
  std::string away_;
  std::function<void(Run&)> look_;
  // Of messages that were refused: by run and subject their sequences in the stream.
  std::map<std::int64_t, std::map<std::string, std::set<std::uint64_t>>> bad_;
  std::size_t bad_count_ = 0;  // messages in bad_
  // What is read a second time is not counted a second time: up to here messages of runs that were
  // there are counted, and ones that were refused by this collector.
  std::uint64_t twice_to_ = 0, refused_to_ = 0;
  std::set<std::string> known_boards_, unknown_boards_;  // in the file; the latter by name alone
};

}  // namespace isojoule
