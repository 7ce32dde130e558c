#include "app/fleet/fleet_orders.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "fleet/message.h"
#include "fleet/name.h"
#include "fleet/object.h"

namespace isojoule {
namespace {

using namespace fleet;

constexpr Duration kLookAgain = Duration::milliseconds(500);
constexpr int kTries = 8;  // until somebody else's order is not in between

Result<std::vector<KeyValue>> list_or_none(Bus& bus, const char* bucket) {
  auto all = bus.list(bucket);
  if (!all && all.error().kind == ErrorKind::not_found) return std::vector<KeyValue>{};
  return all;
}

// Read, changed and written while nobody else wrote it.
Status change_order(Bus& bus, const std::string& board, const std::function<void(Order&)>& change) {
  Status last;
  for (int i = 0; i < kTries; ++i) {
    Order order;
    const auto entry = bus.get(kOrders, board);
    if (!entry && entry.error().kind != ErrorKind::not_found)
      return tl::unexpected<Error>(entry.error());
    // An order that cannot be read is written anew.
    if (entry)
      if (auto before = parse_order(entry->value)) order = std::move(*before);
    change(order);
    const std::string bytes = to_bytes(order);
    const auto written = entry ? bus.update(kOrders, board, bytes, entry->revision)
                               : bus.create(kOrders, board, bytes);
    if (written) return {};
    last = tl::unexpected<Error>(written.error());
    if (written.error().kind != ErrorKind::exists) break;
  }
  return last;
}

bool is_alive(Bus& bus, const std::string& board) { return bus.get(kPulses, board).has_value(); }

// "" while it still measures or may begin to.
std::string how_it_ended(Bus& bus, const std::string& board) {
  const auto entry = bus.get(kPulses, board);
  if (!entry) return entry.error().kind == ErrorKind::not_found ? "lost" : "";
  const auto pulse = parse_pulse(entry->value);
  if (!pulse) return "";
  const bool ended = pulse->state == BoardState::drained || pulse->state == BoardState::out;
  return ended ? std::string(name_of(pulse->state)) : "";
}

Status remove_key(Bus& bus, const char* bucket, const std::string& key) {
  const Status removed = bus.remove(bucket, key);
  if (!removed && removed.error().kind != ErrorKind::not_found) return removed;
  return {};
}

Status purge_all(Bus& bus, const char* stream, const std::string& filter) {
  const Status purged = bus.purge(stream, filter);
  if (!purged && purged.error().kind != ErrorKind::not_found) return purged;
  return {};
}

}  // namespace

Result<std::vector<std::string>> fleet_board_names(Bus& bus) {
  std::set<std::string> names;
  for (const char* bucket : {kCards, kPulses}) {
    ISOJOULE_TRY(const auto entries, list_or_none(bus, bucket));
    for (const KeyValue& entry : entries) names.insert(entry.key);
  }
  if (names.empty())
    return fail(ErrorKind::not_found, "no board has announced itself",
                "Start isojoule agent on one");
  return std::vector<std::string>(names.begin(), names.end());
}

Result<std::vector<std::string>> chosen_boards(Bus& bus, const std::vector<std::string>& names,
                                               bool all) {
  ISOJOULE_TRY(const auto known, fleet_board_names(bus));
  if (all) return known;
  for (const std::string& name : names)
    if (std::find(known.begin(), known.end(), name) == known.end())
      return fail(ErrorKind::not_found, "no board of this fleet is called '" + name + "'",
                  unknown_name_remedy(name, known));
  std::vector<std::string> chosen;
  for (const std::string& name : names)
    if (std::find(chosen.begin(), chosen.end(), name) == chosen.end()) chosen.push_back(name);
  return chosen;
}

Status drain_board(Bus& bus, const std::string& board, const std::string& why) {
  return change_order(bus, board, [&](Order& order) {
    order.drain = true;
    order.why = why;
  });
}

Status resume_board(Bus& bus, const std::string& board) {
  return change_order(bus, board, [](Order& order) {
    order.drain = false;
    order.why.clear();
    ++order.resume;
  });
}

Status wait_for_drained(Bus& bus, Clock& clock, std::vector<std::string> boards,
                        const std::atomic<bool>& interrupted,
                        const std::function<void(const std::string&)>& tell) {
  while (true) {
    std::erase_if(boards, [&](const std::string& board) {
      const std::string end = how_it_ended(bus, board);
      if (!end.empty()) tell(board + ": " + end);
      return !end.empty();
    });
    if (boards.empty()) return {};
    if (interrupted)
      return fail(ErrorKind::interrupted, "still at work: " + join(boards, ", "),
                  "They take no other block");
    clock.sleep_for(kLookAgain);
  }
}

Status forget_board(Bus& bus, const std::string& board) {
  ISOJOULE_CHECK(chosen_boards(bus, {board}, false));
  if (is_alive(bus, board))
    return fail(ErrorKind::busy, board + " is alive", "End its agent first");
  for (const char* bucket : {kCards, kPulses, kOrders})
    ISOJOULE_CHECK(remove_key(bus, bucket, board));
  return {};
}

namespace {

// Of a study: what it uses of the objects.
void add_objects(const StudyRecord& record, std::set<std::string>& hashes) {
  hashes.insert(record.plan.hash);
  for (const auto& [name, object] : record.networks) hashes.insert(object.hash);
  for (const auto& [path, object] : record.files) hashes.insert(object.hash);
}

class StudyRemoval {
 public:
  StudyRemoval(Bus& bus, bool sure) : bus_(bus), sure_(sure) {}

  Result<RemovedStudy> run(const std::string& name) {
    ISOJOULE_CHECK(find(name));
    result_.study = record_.study;
    result_.name = record_.name;
    ISOJOULE_CHECK(count());
    if (!sure_) ISOJOULE_CHECK(ask_first());
    ISOJOULE_CHECK(close());
    for (std::int64_t lane = 0; lane < record_.lanes; ++lane) {
      const Status removed = bus_.remove_queue(kBlocks, lane_queue(record_.study, lane));
      if (!removed && removed.error().kind != ErrorKind::not_found)
        return tl::unexpected<Error>(removed.error());
    }
    ISOJOULE_CHECK(purge_all(bus_, kBlocks, study_blocks_filter(record_.study)));
    ISOJOULE_CHECK(find_objects());  // the runs name some
    ISOJOULE_CHECK(purge_all(bus_, kRuns, study_runs_filter(record_.study)));
    for (const char* bucket : {kJoins, kTroubles}) ISOJOULE_CHECK(remove_keys(bucket));
    ISOJOULE_CHECK(remove_objects());
    // Last: whoever is interrupted before finds the study, and does it again.
    ISOJOULE_CHECK(remove_key(bus_, kStudies, record_.study));
    return result_;
  }

 private:
  Status find(const std::string& name) {
    ISOJOULE_TRY(const auto entries, list_or_none(bus_, kStudies));
    std::vector<std::string> fitting, known;
    for (const KeyValue& entry : entries) {
      auto record = parse_study(entry.value);
      if (!record) {
        unread_.insert(entry.key);
        continue;
      }
      known.push_back(record->study);
      known.push_back(record->name);
      const bool fits = record->study.starts_with(name) || record->name == name;
      if (fits) fitting.push_back(record->study);
      if (fits) record_ = *record;
      all_[record->study] = std::move(*record);
    }
    if (fitting.size() == 1) return {};
    if (!fitting.empty())
      return fail(ErrorKind::invalid,
                  "'" + name + "' fits " + std::to_string(fitting.size()) +
                      " studies: " + join(fitting, ", "),
                  "Give an id");
    return fail(ErrorKind::not_found, "no study '" + name + "' is on this server",
                known.empty() ? "There is none" : unknown_name_remedy(name, known));
  }

  Status count() {
    for (const auto& [stream, filter, sum] :
         {std::tuple(kRuns, study_runs_filter(record_.study), &result_.runs),
          std::tuple(kBlocks, study_blocks_filter(record_.study), &result_.blocks)}) {
      const auto subjects = bus_.subjects(stream, filter);
      if (!subjects && subjects.error().kind != ErrorKind::not_found)
        return tl::unexpected<Error>(subjects.error());
      if (subjects)
        for (const auto& [subject, messages] : *subjects) *sum += messages;
    }
    return {};
  }

  Status ask_first() {
    std::vector<std::string> measuring;
    ISOJOULE_TRY(const auto pulses, list_or_none(bus_, kPulses));
    for (const KeyValue& entry : pulses)
      if (const auto pulse = parse_pulse(entry.value); pulse && pulse->study == record_.study)
        measuring.push_back(entry.key);
    if (!measuring.empty())
      return fail(ErrorKind::busy, record_.name + " is being measured by " + join(measuring, ", "),
                  "With --yes it is removed all the same; what they measure now is lost");
    if (record_.closed || result_.runs == 0) return {};
    return fail(ErrorKind::busy,
                record_.name + " is not closed: " + std::to_string(result_.runs) +
                    " runs are on the server, and nobody may have collected them",
                "isojoule sweep PLAN --fleet URL -o FILE.study collects them; --yes throws them "
                "away");
  }

  Status close() {
    for (int i = 0; i < kTries; ++i) {
      ISOJOULE_TRY(const KeyValue entry, bus_.get(kStudies, record_.study));
      ISOJOULE_TRY(StudyRecord now, parse_study(entry.value));
      if (now.closed) return {};
      now.closed = true;
      const auto written = bus_.update(kStudies, record_.study, to_bytes(now), entry.revision);
      if (written) return {};
      if (written.error().kind != ErrorKind::exists) return tl::unexpected<Error>(written.error());
    }
    return fail(ErrorKind::busy, "somebody else changes " + record_.name + " all the time",
                "Try again");
  }

  Status remove_keys(const char* bucket) {
    ISOJOULE_TRY(const auto entries, list_or_none(bus_, bucket));
    for (const KeyValue& entry : entries)
      if (entry.key.starts_with(record_.study + "."))
        ISOJOULE_CHECK(remove_key(bus_, bucket, entry.key));
    return {};
  }

  // Traces that were too long for their run's message.
  Status find_objects() {
    add_objects(record_, hashes_);
    if (result_.runs == 0) return {};
    ISOJOULE_TRY(const auto reader, bus_.read(kRuns, study_runs_filter(record_.study), 0));
    for (std::uint64_t i = 0; i < result_.runs; ++i) {
      ISOJOULE_TRY(const auto message, reader->next(Duration::milliseconds(2000)));
      // Objects that a run names would stay for ever if the run were removed unread.
      if (!message)
        return fail(ErrorKind::timeout,
                    "run " + std::to_string(i + 1) + " of " + std::to_string(result_.runs) +
                        " of the study did not come from the server within 2 s",
                    "Nothing of its runs was removed; try again");
      const auto run = parse_run(message->bytes);
      if (run && run->trace_object) hashes_.insert(run->trace_object->hash);
    }
    return {};
  }

  Status remove_objects() {
    // A study of a newer program may use any of them.
    if (!unread_.empty()) return {};
    for (const auto& [study, record] : all_) {
      if (study == record_.study) continue;
      std::set<std::string> used;
      add_objects(record, used);
      for (const std::string& hash : used) hashes_.erase(hash);
    }
    const auto subjects = bus_.subjects(kObjects, "isojoule.object.*.*.0");
    if (!subjects) {
      if (subjects.error().kind == ErrorKind::not_found) return {};
      return tl::unexpected<Error>(subjects.error());
    }
    for (const auto& [subject, messages] : *subjects) {
      const std::string piece = subject.substr(0, subject.rfind('.'));  // without the 0
      const std::string hash = piece.substr(piece.rfind('.') + 1);
      if (!hashes_.contains(hash)) continue;
      ISOJOULE_CHECK(purge_all(bus_, kObjects, piece + ".*"));
      ++result_.objects;
    }
    return {};
  }

  Bus& bus_;
  bool sure_;
  StudyRecord record_;
  std::map<std::string, StudyRecord> all_;
  std::set<std::string> unread_;
  std::set<std::string> hashes_;
  RemovedStudy result_;
};

}  // namespace

Result<RemovedStudy> remove_study(Bus& bus, const std::string& study, bool sure) {
  return StudyRemoval(bus, sure).run(study);
}

}  // namespace isojoule
