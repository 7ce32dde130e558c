#include "app/fleet/collect_runs.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/fleet/passing.h"
#include "base/clock.h"
#include "fleet/name.h"
#include "fleet/object.h"

namespace isojoule {
namespace {

// In the study file, one JSON object: {"study", "created", "position", "failed",
// "boards": {NAME: runs}}.
constexpr const char* kPositionMemo = "fleet_position";
// Of messages that are none; a fleet with more has other troubles.
constexpr std::size_t kMostBad = 10'000;
// So many messages are taken before the file is told how far it has read.
constexpr std::int64_t kBatch = 256;
constexpr const char* kTraceNote = "trace";

std::int64_t number_in(const nlohmann::json& object, const std::string& key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

}  // namespace

Result<std::unique_ptr<RunCollector>> RunCollector::begin(fleet::Bus& bus,
                                                          const fleet::StudyRecord& study,
                                                          RunLedger& ledger, StudyFile& file) {
  std::unique_ptr<RunCollector> collector(new RunCollector(bus, study, ledger, file));
  ISOJOULE_CHECK(collector->remember_earlier());
  return collector;
}

Status RunCollector::remember_earlier() {
  ISOJOULE_TRY(const auto sequences, file_.sequences());
  for (const std::int64_t sequence : sequences)
    if (ledger_.mark(sequence)) ++tally_.already_there;
  ISOJOULE_TRY(const auto boards, file_.boards());
  for (const StudyBoard& board : boards)
    (board.title.empty() ? unknown_boards_ : known_boards_).insert(board.name);
  ISOJOULE_TRY(const std::string text, file_.memo(kPositionMemo));
  const auto memo = nlohmann::json::parse(text, nullptr, false);
  if (!memo.is_object() || memo.value("study", nlohmann::json()) != study_) return {};
  tally_.failed = number_in(memo, "failed");
  const auto counts = memo.find("boards");
  if (counts != memo.end() && counts->is_object())
    for (const auto& [name, runs] : counts->items())
      tally_.boards[name].runs = number_in(*counts, name);
  if (memo.value("created", nlohmann::json()) == created_)
    position_ = saved_ = twice_to_ = static_cast<std::uint64_t>(number_in(memo, "position"));
  return {};
}

Result<std::int64_t> RunCollector::collect(Duration limit) {
  const auto clock = make_real_clock();
  const Instant end = clock->now() + limit;
  std::int64_t taken = 0;
  while (!ledger_.complete()) {
    if (!reader_) {
      auto reader = bus_.read(fleet::kRuns, fleet::study_runs_filter(study_), position_ + 1);
      if (!reader) {
        away_ = reader.error().what;
        break;
      }
      reader_ = std::move(*reader);
    }
    if (!pending_) {
      const Duration left = std::max(Duration{}, end - clock->now());
      auto next = reader_->next(left);
      if (!next) {
        away_ = next.error().what;
        reader_.reset();  // another one goes on behind what was dealt with
        break;
      }
      away_.clear();
      if (!*next) break;
      pending_ = std::move(**next);
    }
    ISOJOULE_CHECK(take(*pending_));
    if (!away_.empty()) break;  // its trace is on a server that does not answer
    position_ = pending_->sequence;
    twice_to_ = std::max(twice_to_, position_);
    pending_.reset();
    if (++taken % kBatch == 0) ISOJOULE_CHECK(save_position());
    if (clock->now() >= end) break;
  }
  ISOJOULE_CHECK(save_position());
  return taken;
}

Status RunCollector::take(const fleet::BusMessage& message) {
  const auto place = fleet::parse_run_subject(message.subject);
  if (!place) {
    refuse(message, std::nullopt, place.error().what, true);
    return {};
  }
  // Before it is decoded: most of what comes twice is whole.
  if (ledger_.has(place->sequence)) {
    if (message.sequence > twice_to_) ++tally_.twice;
    return {};
  }
  auto run = fleet::parse_run(message.bytes);
  if (!run) {
    refuse(message, *place, run.error().what, true);
    return {};
  }
  std::string why;
  if (run->study != study_ || place->study != study_)
    why = "it is of study '" + run->study + "'";
  else if (run->board != place->board)
    why = "it says board '" + run->board + "' under the subject of '" + place->board + "'";
  else
    why = ledger_.refusal(*place, run->run);
  if (why.empty()) return store(*place, std::move(*run));
  refuse(message, *place, why, false);
  return {};
}

Status RunCollector::store(const fleet::RunPlace& place, fleet::RunMessage run) {
  if (!fetch_trace(place, run)) return {};
  run.run.id = 0;
  run.run.on_board = place.board;
  if (look_) look_(run.run);
  ISOJOULE_CHECK(file_.add(run.run, run.trace ? &*run.trace : nullptr));
  ledger_.mark(place.sequence);
  forget_bad(place.sequence);
  ++tally_.collected;
  if (run.run.state == RunState::failed) ++tally_.failed;
  ++tally_.boards[place.board].runs;
  if (known_boards_.contains(place.board) || !unknown_boards_.insert(place.board).second) return {};
  StudyBoard board;  // by its name, until its card says more
  board.name = place.board;
  return file_.put_board(board);
}

bool RunCollector::fetch_trace(const fleet::RunPlace& place, fleet::RunMessage& run) {
  if (run.trace || !run.trace_object) return true;
  Error error;
  if (run.trace_object->writer != place.board) {
    error.what = "it is '" + run.trace_object->writer + "'s, not the board's";
  } else {
    const auto bytes = fleet::get_object(bus_, *run.trace_object);
    if (!bytes && passes(bytes.error().kind)) {
      away_ = bytes.error().what;
      return false;
    }
    auto trace =
        bytes ? fleet::parse_trace(*bytes) : Result<Trace>(tl::unexpected<Error>(bytes.error()));
    if (trace) {
      run.trace = std::move(*trace);
      return true;
    }
    error = trace.error();
  }
  run.run.notes[kTraceNote] = "not there: " + error.what;
  ++tally_.without_trace;
  return true;
}

void RunCollector::refuse(const fleet::BusMessage& message,
                          const std::optional<fleet::RunPlace>& place, const std::string& why,
                          bool damaged) {
  const bool counts = message.sequence > refused_to_;
  refused_to_ = std::max(refused_to_, message.sequence);
  if (counts) ++(damaged ? tally_.damaged : tally_.refused);
  if (!place) return;
  if (counts) {
    BoardTally& board = tally_.boards[place->board];
    ++board.refused;
    board.why = damaged ? "a message that cannot be read: " + why : why;
  }
  // Under another block's subject nobody takes it for this run.
  if (!ledger_.knows(place->sequence) || ledger_.block_of(place->sequence) != place->block) return;
  if (bad_count_ >= kMostBad) return;
  if (bad_[place->sequence][message.subject].insert(message.sequence).second) ++bad_count_;
}

std::vector<std::string> RunCollector::bad_subjects(std::int64_t sequence) const {
  const auto found = bad_.find(sequence);
  if (found == bad_.end()) return {};
  std::vector<std::string> subjects;
  for (const auto& [subject, messages] : found->second) subjects.push_back(subject);
  return subjects;
}

std::int64_t RunCollector::bad_messages(std::int64_t sequence) const {
  const auto found = bad_.find(sequence);
  if (found == bad_.end()) return 0;
  std::int64_t count = 0;
  for (const auto& [subject, messages] : found->second) count += std::ssize(messages);
  return count;
}

void RunCollector::forget_bad(std::int64_t sequence) {
  bad_count_ -= static_cast<std::size_t>(bad_messages(sequence));
  bad_.erase(sequence);
}

void RunCollector::read_anew() {
  position_ = 0;
  reader_.reset();
  pending_.reset();
  bad_.clear();
  bad_count_ = 0;
}

Status RunCollector::save_position() {
  if (position_ == saved_) return {};
  nlohmann::json memo = {
      {"study", study_}, {"created", created_}, {"position", position_}, {"failed", tally_.failed}};
  memo["boards"] = nlohmann::json::object();
  for (const auto& [name, board] : tally_.boards)
    if (board.runs > 0) memo["boards"][name] = board.runs;
  ISOJOULE_CHECK(file_.set_memo(kPositionMemo, memo.dump()));
  saved_ = position_;
  return {};
}

Status RunCollector::know_boards(const std::vector<fleet::BoardCard>& cards) {
  if (unknown_boards_.empty()) return {};
  for (const fleet::BoardCard& card : cards) {
    if (unknown_boards_.erase(card.name) == 0) continue;
    StudyBoard board{card.name, card.serial, card.title, card.release, card.variant, card.version};
    ISOJOULE_CHECK(file_.put_board(board));
    known_boards_.insert(card.name);
  }
  return {};
}

}  // namespace isojoule
