#include "app/fleet/agent.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>

#include "app/fleet/agent_answers.h"
#include "app/fleet/agent_block.h"
#include "app/fleet/agent_card.h"
#include "app/fleet/agent_health.h"
#include "app/fleet/agent_orders.h"
#include "app/fleet/agent_place.h"
#include "app/fleet/agent_pulse.h"
#include "app/fleet/outbox.h"
#include "app/fleet/passing.h"
#include "app/fleet/run_sender.h"
#include "app/fleet/study_book.h"
#include "app/probe.h"
#include "experiment/live_session.h"
#include "fleet/catalogue.h"
#include "fleet/name.h"

namespace isojoule::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr Duration kWaitForBlock = Duration::milliseconds(500);
constexpr milliseconds kIdleSlice{50};
constexpr milliseconds kServerAway{500};
constexpr std::chrono::seconds kFirstConnection{30};
// A board that is open need not be opened for the next block.
constexpr std::chrono::seconds kBenchIsKept{10};
constexpr std::int64_t kMostObjectBytes = std::int64_t{4} << 30;
// A board that is out again so soon after it came back is looked at more and more seldom.
constexpr std::chrono::minutes kRelapse{10};
constexpr int kMostDoublings = 5;

milliseconds in_milliseconds(Duration duration) { return milliseconds(duration.ns / 1'000'000); }

class Agent {
 public:
  Agent(const Paths& paths, const AgentRequest& request, const std::atomic<bool>& interrupted,
        const AgentSays& says)
      : paths_(paths),
        request_(request),
        interrupted_(interrupted),
        says_(says),
        target_(request.target) {
    target_.interrupted = &interrupted;
  }
  ~Agent() { open_to_pulse(false); }
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  Result<AgentResult> run() {
    ISOJOULE_CHECK(begin());
    ISOJOULE_CHECK(bury_the_dead());
    while (!interrupted_ && !is_cut_off() && !is_enough()) step();
    return end();
  }

 private:
  // Nothing more comes or goes: the name is another process', or the servers refuse us for good.
  bool is_cut_off() const { return pulse_->is_lost() || bus_->closed(); }

  // ---- the beginning ----

  // Servers that elect a leader answer nothing for some seconds. Errors: as of `attempt`, but
  // timeout and io only when it was for longer than `limit`; interrupted.
  template <class Attempt>
  auto patiently(const Attempt& attempt, std::chrono::seconds limit = std::chrono::hours(24 * 365))
      -> decltype(attempt()) {
    const auto begin = steady_clock::now();
    for (bool is_told = false;; is_told = true) {
      auto made = attempt();
      if (made || !passes(made.error().kind) || steady_clock::now() - begin > limit) return made;
      if (!is_told) say("waits for the server: " + to_string(made.error()));
      for (int i = 0; i < 20; ++i) {
        if (interrupted_) return fail(ErrorKind::interrupted, "the agent was interrupted");
        std::this_thread::sleep_for(kIdleSlice);
      }
    }
  }

  Status begin() {
    ISOJOULE_TRY(name_, agent_name(request_.name, target_.board));
    ISOJOULE_TRY(auto place, AgentPlace::take(paths_, request_.folder, name_));
    place_.emplace(std::move(place));
    ISOJOULE_TRY(const ProbeResult found, probe(paths_, target_));
    ISOJOULE_CHECK(describe(found));
    fleet::BusOptions options = request_.bus;
    if (options.client.empty()) options.client = "isojoule agent " + name_;
    ISOJOULE_CHECK(connect(options));
    ISOJOULE_CHECK(patiently([this] { return fleet::set_up(*bus_, request_.replicas); }));
    ISOJOULE_CHECK(announce());
    marker_.emplace(place_->folder());
    objects_.emplace(*bus_, place_->folder(), kMostObjectBytes);
    health_.emplace(found.total_power.has_value());
    ISOJOULE_TRY(outbox_, Outbox::open(place_->folder(), [this](const OutboxRun& run) {
                   return send_run(*bus_, name_, run);
                 }));
    ISOJOULE_TRY(answers_, patiently([this] {
                   return AgentAnswers::listen(*bus_, name_, [this] { return pulse_->now(); });
                 }));
    book_.emplace(*bus_, paths_, target_, facts_of(found),
                  [this](const std::string& line) { say(line); });
    orders_.emplace(*bus_, name_, [this] { pulse_->change([](fleet::Pulse&) {}); });
    resumes_seen_ = orders_->now().resume;
    open_to_pulse(true);
    return {};
  }

  // An address without a server is a mistake, or a server that starts just now.
  Status connect(const fleet::BusOptions& options) {
    const auto begin = steady_clock::now();
    auto connected = patiently(
        [&]() -> Result<std::unique_ptr<fleet::Bus>> {
          auto made = fleet::Bus::connect(options);
          const bool is_early = steady_clock::now() - begin < kFirstConnection;
          if (!made && made.error().kind == ErrorKind::not_found && is_early)
            made.error().kind = ErrorKind::io;  // tried again
          return made;
        },
        kFirstConnection);
    if (!connected) return tl::unexpected<Error>(connected.error());
    bus_ = std::move(*connected);
    return {};
  }

  // Whether the pulse's thread may look at what begins after it and ends before it.
  void open_to_pulse(bool is_open) {
    const std::lock_guard lock(live_mutex_);
    is_open_ = is_open;
  }

  Status describe(const ProbeResult& found) {
    // The same tree again: the serial is nothing that a probe shows.
    ISOJOULE_TRY(const auto target, open_target(paths_, target_));
    card_ = card_of(found);
    card_.name = name_;
    card_.instance = place_->instance();
    card_.serial = serial_of(*target->board.tree, target->twin != nullptr, target_.board, name_);
    card_.allow_command = request_.allow_command;
    return {};
  }

  Status announce() {
    fleet::Pulse first;
    first.instance = place_->instance();
    const NameClaim claim{name_, place_->instance(), place_->earlier_instance(), card_.serial};
    ISOJOULE_TRY(HeldName held,
                 patiently([&] { return HeldName::take(*bus_, claim, first, interrupted_); }));
    pulse_.emplace(std::move(held), first, [this](fleet::Pulse& pulse) { fill(pulse); });
    ISOJOULE_CHECK(patiently([this] { return put_card(); }));
    say("is in the fleet of " + bus_->server() + ", " + card_.title +
        (card_.release.empty() ? "" : ", release " + card_.release));
    for (const std::string& problem : card_.problems) say("problem: " + problem);
    return {};
  }

  Status put_card() {
    ISOJOULE_TRY([[maybe_unused]] const auto revision,
                 bus_->put(fleet::kCards, name_, to_bytes(card_)));
    return {};
  }

  BoardFacts facts_of(const ProbeResult& found) const {
    BoardFacts facts{name_, found.board, found.simulated, request_.allow_command, found.total,
                     {},    {}};
    for (const ProbedRail& rail : found.rails)
      if (rail.power) facts.rails.insert(rail.rail.name);
    for (const ProbedEngine& engine : found.engines)
      if (engine.found) facts.engines.insert(engine.name);
    return facts;
  }

  // What the one before left: a run that it died of. Its finished runs are on their way already.
  Status bury_the_dead() {
    const auto left = marker_->left();
    // Before it is counted: one death too few does no harm, one too many gives up a good run.
    ISOJOULE_CHECK(marker_->clear());
    if (!left || outbox_->holds(left->study, left->sequence)) return {};
    const std::string subject = fleet::run_subject(name_, left->study, left->block, left->sequence);
    const auto stored = patiently([&] { return bus_->subjects(fleet::kRuns, subject); });
    if (!stored || !stored->empty()) return {};
    say("the agent before this one died while it made run " + std::to_string(left->sequence) +
        " of study " + left->study);
    // Once only: an answer that was lost would count it twice.
    if (const Status counted = count_death(*bus_, *left, name_); !counted)
      say("that could not be counted: " + to_string(counted.error()));
    return {};
  }

  // ---- told to others; any thread ----

  void fill(fleet::Pulse& pulse) {
    const std::lock_guard lock(live_mutex_);
    if (!is_open_) return;
    if (live_ != nullptr)
      for (const auto& rail : live_->snapshot().rails)
        if (rail.rail == "total") pulse.power_w = rail.power_w;
    const OutboxState state = outbox_->state();
    pulse.unsent = state.waiting;
    if (pulse.state == fleet::BoardState::measuring && orders_->now().drain)
      pulse.state = fleet::BoardState::draining;
  }

  void say(const std::string& line) const {
    says_(name_ + (card_.simulated ? " (simulated " : " (") + card_.board + "): " + line);
  }

  void show(const LiveSession* live) {
    const std::lock_guard lock(live_mutex_);
    live_ = live;
  }

  // ---- one step of the main loop ----

  void step() {
    answers_->serve([this] { return probe_now(); });
    tell_troubles();
    if (is_drained() || is_out()) {
      bench_ = {};
      std::this_thread::sleep_for(kIdleSlice);
      return;
    }
    be(fleet::BoardState::idle, "");
    const Status looked = book_->look();
    auto taken = looked ? book_->take(kWaitForBlock)
                        : Result<std::optional<TakenBlock>>(tl::unexpected<Error>(looked.error()));
    if (!taken) {
      std::this_thread::sleep_for(kServerAway);
      return;
    }
    if (*taken)
      work(**taken);
    else if (bench_.target &&
             (bench_.target->helper || steady_clock::now() - active_ > kBenchIsKept))
      bench_ = {};  // the board is free for others while there is nothing to do
  }

  std::string probe_now() {
    const auto found = probe(paths_, target_);
    return found ? probe_json(*found) : error_answer(found.error());
  }

  void be(fleet::BoardState state, const std::string& why) {
    const fleet::Pulse now = pulse_->now();
    if (now.state == state && now.why == why) return;
    pulse_->change([&](fleet::Pulse& pulse) {
      pulse.state = state;
      pulse.why = why;
      if (state == fleet::BoardState::measuring) return;
      pulse.study = pulse.network = pulse.setting = "";
      pulse.block = -1;
      pulse.block_runs = pulse.block_done = 0;
      pulse.power_w.reset();
    });
  }

  // Runs that the server refused for good are a problem of the board's, told to who looks at it.
  void tell_troubles() {
    const std::string trouble = outbox_->state().trouble;
    if (trouble == trouble_) return;
    trouble_ = trouble;
    if (trouble.empty()) return;  // it is over
    say(trouble);
    card_.problems.push_back(trouble);
    constexpr std::size_t kMostProblems = 30;
    if (card_.problems.size() > kMostProblems) card_.problems.erase(card_.problems.begin());
    [[maybe_unused]] const Status put = put_card();  // the server may be away; the line above stays
  }

  bool is_drained() {
    const fleet::Order order = orders_->now();
    if (order.drain != was_drained_)
      say(order.drain ? "drained: " + (order.why.empty() ? "by order" : order.why)
                      : "takes blocks again, as it was told");
    was_drained_ = order.drain;
    if (order.drain) be(fleet::BoardState::drained, order.why);
    return order.drain;
  }

  // ---- out ----

  void go_out(const Outage& outage) {
    const bool is_relapse = outage_kind_ == outage.kind && back_ != steady_clock::time_point{} &&
                            steady_clock::now() - back_ < kRelapse;
    relapses_ = is_relapse ? std::min(relapses_ + 1, kMostDoublings) : 0;
    outage_ = outage;
    outage_kind_ = outage.kind;
    checked_ = steady_clock::now();
    resumes_seen_ = orders_->now().resume;
    say("takes itself out: " + outage.why);
    be(fleet::BoardState::out, outage.why);
  }

  bool is_out() {
    if (!outage_) return false;
    be(fleet::BoardState::out, outage_->why);
    const bool is_resumed = orders_->now().resume > resumes_seen_;
    const auto pause = in_milliseconds(request_.recheck) * (1 << relapses_);
    if (!is_resumed && steady_clock::now() - checked_ < pause) return true;
    checked_ = steady_clock::now();
    if (!is_resumed && !has_recovered(*outage_, paths_, target_, place_->folder(), interrupted_))
      return true;
    say(is_resumed ? "tries again, as it was told" : "is well again: " + outage_->why + " is over");
    outage_.reset();
    health_->forget();
    back_ = active_ = steady_clock::now();
    return false;
  }

  // ---- a block ----

  void work(TakenBlock& taken) {
    const fleet::BlockMessage& block = taken.block;
    OpenStudy& study = *taken.study;
    pulse_->change([&](fleet::Pulse& pulse) {
      pulse.state = fleet::BoardState::measuring;
      pulse.why = "";
      pulse.study = block.study;
      pulse.block = block.block;
      pulse.block_runs = static_cast<std::int64_t>(block.runs.size());
      pulse.block_done = 0;
    });
    const BlockContext context{
        paths_,
        target_,
        *place_,
        name_,
        request_.command,
        request_.allow_command,
        *bus_,
        *outbox_,
        *marker_,
        *health_,
        *objects_,
        bench_,
        interrupted_,
        [this](const std::function<void(fleet::Pulse&)>& change) { pulse_->change(change); },
        [this](const LiveSession* live) { show(live); },
        [this] { return is_cut_off(); }};
    const auto begin = steady_clock::now();
    const BlockOutcome outcome = measure_block(context, study, *taken.claim, block);
    active_ = steady_clock::now();
    if (bench_.target && bench_.target->helper) bench_ = {};
    result_.runs += outcome.made;
    tell(outcome, study, block, std::chrono::duration<double>(active_ - begin).count());
  }

  void tell(const BlockOutcome& outcome, OpenStudy& study, const fleet::BlockMessage& block,
            double seconds) {
    const std::string which = "block " + std::to_string(block.block) + " of " + study.record.name;
    switch (outcome.end) {
      case BlockEnd::done:
        ++result_.blocks;
        pulse_->change([](fleet::Pulse& pulse) { ++pulse.blocks; });
        say(which + " done: " + std::to_string(outcome.made) + " runs in " +
            std::to_string(static_cast<std::int64_t>(seconds * 10) / 10) + " s");
        break;
      case BlockEnd::given_back: say(which + " given back: " + outcome.why); break;
      case BlockEnd::interrupted: say(which + " given back: interrupted"); break;
      case BlockEnd::out:
        say(which + " given back");
        go_out(*outcome.outage);
        break;
      case BlockEnd::refused: {
        say(which + " given back");
        // Where it cannot be told now, the next block tells it.
        const Status refused = book_->refuse(study, outcome.why);
        if (!refused) say("could not tell so: " + to_string(refused.error()));
        break;
      }
    }
  }

  // ---- the end ----

  bool is_enough() {
    if (request_.most_blocks > 0 && result_.blocks >= request_.most_blocks) return true;
    if (request_.until_idle.ns <= 0) return false;
    if (outbox_->state().waiting > 0) return false;
    return steady_clock::now() - active_ >= in_milliseconds(request_.until_idle);
  }

  Result<AgentResult> end() {
    if (outage_) result_.out = outage_->why;
    // The service is started again, with what credentials there are then.
    if (!pulse_->is_lost() && bus_->closed())
      return fail(ErrorKind::permission_denied,
                  "the connection to the fleet is closed: its servers refuse these credentials",
                  "Start it again with credentials that are valid (--creds)");
    if (!pulse_->is_lost()) return result_;
    return fail(ErrorKind::busy,
                "another process has taken this board's name: " + pulse_->why_lost(),
                "Give one of them another name with --name");
  }

  const Paths& paths_;
  const AgentRequest& request_;
  const std::atomic<bool>& interrupted_;
  const AgentSays& says_;
  TargetOptions target_;
  std::string name_;
  // In this order: what stands below uses what stands above, from its threads, too.
  std::optional<AgentPlace> place_;
  fleet::BoardCard card_;
  std::unique_ptr<fleet::Bus> bus_;
  std::mutex live_mutex_;
  const LiveSession* live_ = nullptr;  // guarded by live_mutex_
  bool is_open_ = false;               // guarded by live_mutex_
  std::optional<PulseThread> pulse_;
  std::optional<RunMarker> marker_;
  std::optional<ObjectStore> objects_;
  std::optional<RunHealth> health_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<AgentAnswers> answers_;
  std::optional<StudyBook> book_;
  std::optional<OrderWatch> orders_;
  Workbench bench_;
  std::string trouble_;
  bool was_drained_ = false;
  std::optional<Outage> outage_;
  std::optional<OutageKind> outage_kind_;  // of the last time
  int relapses_ = 0;
  std::int64_t resumes_seen_ = 0;
  steady_clock::time_point checked_, back_, active_ = steady_clock::now();
  AgentResult result_;
};

}  // namespace
}  // namespace isojoule::agent

namespace isojoule {

Result<AgentResult> run_agent(const Paths& paths, const AgentRequest& request,
                              const std::atomic<bool>& interrupted, const AgentSays& says) {
  return agent::Agent(paths, request, interrupted, says).run();
}

}  // namespace isojoule
