#include "app/fleet/fleet_picture.h"

#include <algorithm>
#include <ctime>
#include <set>

#include "fleet/name.h"

namespace isojoule {
namespace {

using namespace fleet;

constexpr std::int64_t kMinute_ns = 60'000'000'000;
constexpr std::size_t kMinutes = 60;
constexpr Duration kRateSpan = Duration::milliseconds(600'000);
constexpr double kLeastRateSpan_s = 20;

FleetBoard board_of_card(const KeyValue& entry) {
  FleetBoard board;
  board.name = entry.key;
  board.seen_ns = entry.created_ns;
  auto card = parse_card(entry.value);
  if (!card) {
    board.problems.push_back("its card cannot be read: " + card.error().what);
    return board;
  }
  if (card->name != entry.key)
    board.problems.push_back("its card has the name of another board, '" + card->name + "'");
  if (card->protocol != kProtocol)
    board.problems.push_back("its agent speaks protocol " + std::to_string(card->protocol) +
                             ", this program " + std::to_string(kProtocol));
  board.card = std::move(*card);
  return board;
}

bool has_instance(const std::vector<KeyValue>& cards, const std::string& board,
                  const std::string& instance) {
  const auto found = std::find_if(cards.begin(), cards.end(),
                                  [&](const KeyValue& card) { return card.key == board; });
  if (found == cards.end()) return false;
  const auto card = parse_card(found->value);
  return !card || card->instance == instance;
}

}  // namespace

std::string_view state_of(const FleetBoard& board) {
  if (!board.alive) return "lost";
  if (!board.pulse) return "out";  // its pulse cannot be read
  // An order that has not arrived yet is shown as it will be.
  if (board.order.drain && board.pulse->state == BoardState::measuring) return "draining";
  return name_of(board.pulse->state);
}

std::vector<std::string> troubles_of(const FleetBoard& board) {
  std::vector<std::string> troubles;
  const bool is_out = board.pulse && board.pulse->state == BoardState::out;
  if (board.alive && is_out && !board.pulse->why.empty()) troubles.push_back(board.pulse->why);
  troubles.insert(troubles.end(), board.problems.begin(), board.problems.end());
  if (board.pulse && board.pulse->unsent > 0)
    troubles.push_back(std::to_string(board.pulse->unsent) + " unsent");
  troubles.insert(troubles.end(), board.card.problems.begin(), board.card.problems.end());
  return troubles;
}

int rank_of(const FleetBoard& board) {
  const std::string_view state = state_of(board);
  if (state == "lost" || state == "out") return 0;
  if (!troubles_of(board).empty()) return 1;
  return state == "drained" || state == "draining" ? 2 : 3;
}

std::optional<double> hottest_c(const FleetBoard& board) {
  if (!board.alive || !board.pulse || board.pulse->temperatures_c.empty()) return std::nullopt;
  const auto& all = board.pulse->temperatures_c;
  return std::max_element(all.begin(), all.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->second;
}

const SeenStudy* study_of(const FleetPicture& picture, const FleetBoard& board) {
  if (!board.pulse || board.pulse->study.empty()) return nullptr;
  const auto found =
      std::find_if(picture.studies.begin(), picture.studies.end(),
                   [&](const SeenStudy& one) { return one.record.study == board.pulse->study; });
  return found == picture.studies.end() ? nullptr : &*found;
}

std::string server_time_text(std::int64_t server_ns) {
  const std::time_t seconds = server_ns / 1'000'000'000;
  std::tm parts{};
  char text[32];
  if (::gmtime_r(&seconds, &parts) == nullptr) return "";
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

Status FleetLook::refresh() {
  const Status done = read();
  picture_.reachable = done.has_value();
  picture_.trouble = done ? "" : to_string(done.error());
  return done;
}

Status FleetLook::read() {
  picture_.server = bus_.server();
  ISOJOULE_CHECK(read_boards());
  ISOJOULE_CHECK(read_studies());
  for (SeenStudy& study : picture_.studies)
    for (const FleetBoard& board : picture_.boards)
      if (board.alive && board.pulse && board.pulse->study == study.record.study)
        study.measuring.push_back(board.name);
  if (seen_ns_ > 0) picture_.server_ns = seen_ns_ + (clock_.now() - seen_at_).ns;
  return {};
}

// Nobody has made the fleet's buckets: that is a fleet without boards, and no error.
Result<std::vector<KeyValue>> FleetLook::entries(const char* bucket) {
  auto all = bus_.list(bucket);
  if (all) {
    for (const KeyValue& entry : *all) see(entry.created_ns);
    return all;
  }
  if (all.error().kind == ErrorKind::not_found) return std::vector<KeyValue>{};
  return all;
}

// What was stored later was stored at a later moment: the latest one, and the time that has gone by
// here since it was seen, is what the server's clock shows, or less.
void FleetLook::see(std::int64_t server_ns) {
  const Instant now = clock_.now();
  if (seen_ns_ > 0 && server_ns <= seen_ns_ + (now - seen_at_).ns) return;
  seen_ns_ = server_ns;
  seen_at_ = now;
}

Status FleetLook::read_cards(const std::vector<KeyValue>& pulses) {
  bool is_old = !cards_read_ || clock_.now() - *cards_read_ > kCardAge;
  // Somebody came, or came again.
  for (const KeyValue& entry : pulses) {
    if (is_old) break;
    const auto before = last_pulses_.find(entry.key);
    const auto pulse = parse_pulse(entry.value);
    if (before != last_pulses_.end() && pulse && before->second.instance == pulse->instance)
      continue;
    is_old = !pulse || !has_instance(cards_, entry.key, pulse->instance);
  }
  if (!is_old) return {};
  auto cards = bus_.list(kCards);
  picture_.is_set_up = cards.has_value();
  if (!cards && cards.error().kind != ErrorKind::not_found)
    return tl::unexpected<Error>(cards.error());
  cards_ = cards ? std::move(*cards) : std::vector<KeyValue>{};
  for (const KeyValue& card : cards_) see(card.created_ns);
  cards_read_ = clock_.now();
  return {};
}

void FleetLook::take_pulse(FleetBoard& board, const KeyValue& entry) {
  board.alive = true;
  board.seen_ns = entry.created_ns;
  last_seen_ns_[board.name] = entry.created_ns;
  auto pulse = parse_pulse(entry.value);
  if (!pulse) {
    board.problems.push_back("its pulse cannot be read: " + pulse.error().what);
    return;
  }
  last_pulses_[board.name] = *pulse;
  board.pulse = std::move(*pulse);
}

// Of a board that this program never saw alive. Errors are nothing known.
std::int64_t FleetLook::last_stored(const std::string& board) {
  const auto run = bus_.last(kRuns, "isojoule.run." + board + ".>");
  return run ? run->stored_ns : 0;
}

Status FleetLook::read_boards() {
  ISOJOULE_TRY(const auto pulses, entries(kPulses));
  ISOJOULE_CHECK(read_cards(pulses));
  ISOJOULE_TRY(const auto orders, entries(kOrders));
  std::map<std::string, FleetBoard> boards;
  for (const KeyValue& card : cards_) boards[card.key] = board_of_card(card);
  for (const KeyValue& pulse : pulses) {
    FleetBoard& board = boards[pulse.key];
    if (board.name.empty()) {
      board.name = pulse.key;
      board.problems.emplace_back("it has announced nothing of itself");
    }
    take_pulse(board, pulse);
  }
  for (const KeyValue& order : orders) {
    const auto found = boards.find(order.key);
    if (found == boards.end()) continue;
    if (auto read = parse_order(order.value)) found->second.order = std::move(*read);
  }
  picture_.boards.clear();
  for (auto& [name, board] : boards) {
    if (!board.alive) {
      auto [seen, is_new] = last_seen_ns_.try_emplace(name, 0);
      if (is_new) seen->second = std::max(board.seen_ns, last_stored(name));
      board.seen_ns = std::max(board.seen_ns, seen->second);
      if (const auto last = last_pulses_.find(name); last != last_pulses_.end())
        board.pulse = last->second;
    }
    picture_.boards.push_back(std::move(board));
  }
  return {};
}

Status FleetLook::read_studies() {
  ISOJOULE_TRY(const auto records, entries(kStudies));
  ISOJOULE_TRY(const auto joins, entries(kJoins));
  ISOJOULE_TRY(const auto troubles, entries(kTroubles));
  std::vector<SeenStudy> studies;
  for (const KeyValue& entry : records) {
    auto record = parse_study(entry.value);
    if (!record) continue;  // of a newer protocol
    SeenStudy& study = studies.emplace_back();
    study.record = std::move(*record);
    for (std::int64_t lane = 0; lane < study.record.lanes; ++lane)
      study.lanes.push_back({lane, std::nullopt, {}});
    const std::string prefix = study.record.study + ".";
    for (const KeyValue& join : joins) {
      if (!join.key.starts_with(prefix)) continue;
      const auto read = parse_join(join.value);
      const std::string board = join.key.substr(prefix.size());
      if (!read) continue;
      if (read->takes_part(study.record.lanes))
        study.lanes[static_cast<std::size_t>(read->lane)].boards.push_back(board);
      else
        study.refused.push_back({board, read->refused});
    }
    study.deadly = std::count_if(troubles.begin(), troubles.end(),
                                 [&](const KeyValue& one) { return one.key.starts_with(prefix); });
    ISOJOULE_CHECK(read_lanes(study));
    ISOJOULE_CHECK(count_runs(study));
  }
  std::stable_sort(studies.begin(), studies.end(), [](const auto& a, const auto& b) {
    return a.record.created < b.record.created;
  });
  picture_.studies = std::move(studies);
  return {};
}

Status FleetLook::read_lanes(SeenStudy& study) {
  for (FleetLane& lane : study.lanes) {
    auto state = bus_.queue_state(kBlocks, lane_queue(study.record.study, lane.lane));
    if (!state && state.error().kind != ErrorKind::not_found)
      return tl::unexpected<Error>(state.error());
    if (state) lane.queue = *state;
  }
  return {};
}

Status FleetLook::count_runs(SeenStudy& study) {
  Stored& stored = stored_[study.record.study];
  const Instant begin = clock_.now();
  if (!stored.counted || begin >= stored.next) {
    auto subjects = bus_.subjects(kRuns, study_runs_filter(study.record.study));
    if (!subjects && subjects.error().kind != ErrorKind::not_found)
      return tl::unexpected<Error>(subjects.error());
    std::set<std::int64_t> sequences;
    if (subjects)
      for (const auto& [subject, count] : *subjects)
        if (const auto place = parse_run_subject(subject)) sequences.insert(place->sequence);
    const auto now_stored = static_cast<std::int64_t>(sequences.size());
    // A run is counted in the minute in which it was seen here; what was there before is not.
    if (stored.counted && now_stored > stored.runs && seen_ns_ > 0) {
      const std::int64_t minute = (seen_ns_ + (begin - seen_at_).ns) / kMinute_ns;
      auto& minutes = picture_.minutes;
      if (minutes.empty() || minutes.back().minute != minute) minutes.push_back({minute, 0});
      minutes.back().runs += now_stored - stored.runs;
      while (minutes.size() > 1 &&
             minutes.front().minute <= minute - static_cast<std::int64_t>(kMinutes))
        minutes.erase(minutes.begin());
    }
    stored.counted = true;
    stored.runs = now_stored;
    const Instant end = clock_.now();
    // However many runs there are: at most a twentieth of the time is spent on counting them.
    const Duration age = study.record.closed ? kClosedAge : kCountAge;
    stored.next = end + std::max(age, (end - begin) * 20);
    stored.past.emplace_back(end, now_stored);
    while (stored.past.size() > 2 && end - stored.past.front().first > kRateSpan)
      stored.past.erase(stored.past.begin());
  }
  study.stored = stored.runs;
  estimate(study, stored);
  return {};
}

void FleetLook::estimate(SeenStudy& study, const Stored& stored) const {
  if (study.record.closed || stored.past.size() < 2) return;
  const double span_s = (stored.past.back().first - stored.past.front().first).seconds().value();
  if (span_s < kLeastRateSpan_s) return;
  const auto more = static_cast<double>(stored.past.back().second - stored.past.front().second);
  study.rate_hz = more / span_s;
  const auto left = static_cast<double>(study.record.runs - study.stored);
  if (more > 0 && !study.record.open_end && left >= 0) study.left_s = left / *study.rate_hz;
}

}  // namespace isojoule
