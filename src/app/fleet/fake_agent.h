// Takes blocks and publishes made-up runs, as an agent would that measures in no time: for tests of
// the coordinator and for bench/fleet.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "data/run.h"
#include "experiment/experiment.h"
#include "fleet/bus.h"
#include "fleet/message.h"
#include "fleet/name.h"

namespace isojoule {

// One thread; the bus outlives it.
class FakeAgent {
 public:
  // What it makes of a run's message before it sends it; false: it does not send it at all.
  using Spoil = std::function<bool(fleet::RunMessage& message)>;

  FakeAgent(fleet::Bus& bus, fleet::BoardCard card) : bus_(bus), card_(std::move(card)) {}

  // A board with three clocks, as a twin.
  static fleet::BoardCard simple_card(const std::string& name) {
    fleet::BoardCard card;
    card.name = name;
    card.instance = "instance-" + name;
    card.board = "test-board";
    card.title = "Board of tests";
    card.release = "1.0";
    card.simulated = true;
    Rail rail;
    rail.name = "VDD_IN";
    card.rails = {rail};
    card.total = "VDD_IN";
    card.knobs = {{"cpu_frequency", {1e9, 1.5e9, 2e9}},
                  {"cpu_governor", {std::string("schedutil"), std::string("userspace")}}};
    card.engines = {{"twin", {}}};
    card.protocol = fleet::kProtocol;
    card.version = "0.1";
    return card;
  }

  // Card and pulse.
  Status come() {
    ISOJOULE_TRY(const auto revision, bus_.put(fleet::kCards, card_.name, to_bytes(card_)));
    (void)revision;
    return pulse("", -1);
  }
  // A sign of life; of this block, where it holds one.
  Status pulse(const std::string& study, std::int64_t block) {
    fleet::Pulse pulse;
    pulse.instance = card_.instance;
    pulse.state = study.empty() ? fleet::BoardState::idle : fleet::BoardState::measuring;
    pulse.study = study;
    pulse.block = block;
    pulse.runs = runs_;
    pulse.uptime_s = ++pulses_;
    ISOJOULE_TRY(const auto revision, bus_.put(fleet::kPulses, card_.name, to_bytes(pulse)));
    (void)revision;
    return {};
  }
  Status join(const std::string& study, const fleet::Join& answer) {
    ISOJOULE_TRY(const auto revision,
                 bus_.put(fleet::kJoins, fleet::join_key(study, card_.name), to_bytes(answer)));
    (void)revision;
    return {};
  }

  // One block of this lane, from its queue to done; null: none came.
  Result<std::unique_ptr<fleet::BlockMessage>> work(const std::string& study, std::int64_t lane,
                                                    Duration limit, const Spoil& spoil = {}) {
    if (!queue_ || lane != lane_) {
      ISOJOULE_TRY(queue_, bus_.queue(fleet::kBlocks, fleet::lane_queue(study, lane)));
      lane_ = lane;
    }
    ISOJOULE_TRY(const auto claim, queue_->take(limit));
    if (!claim) return std::unique_ptr<fleet::BlockMessage>();
    ISOJOULE_TRY(fleet::BlockMessage block, fleet::parse_block(claim->message().bytes));
    for (const PlannedRun& planned : block.runs)
      ISOJOULE_CHECK(publish(message_of(study, planned), spoil));
    ISOJOULE_CHECK(claim->done());
    return std::make_unique<fleet::BlockMessage>(std::move(block));
  }

  // Energy depends on the run's place in the plan alone, so that it does not matter who made it.
  fleet::RunMessage message_of(const std::string& study, const PlannedRun& planned) const {
    fleet::RunMessage message;
    message.study = study;
    message.board = card_.name;
    message.instance = card_.instance;
    message.run = run_of(planned);
    message.run.on_board = card_.name;
    message.run.inferences = 100;
    message.run.phases = {{PhaseKind::inference, Instant{0}, Instant{1'000'000'000}}};
    PhaseEnergy energy;
    energy.phase = PhaseKind::inference;
    energy.rail = "total";
    energy.duration = Second(1);
    energy.gross.value = Joule(1 + static_cast<double>(planned.sequence));
    energy.gross.uncertainty = Joule(0.1);
    energy.net.why_absent = "made up";
    message.run.energies = {energy};
    return message;
  }

  Status publish(fleet::RunMessage message, const Spoil& spoil = {}) {
    const auto sequence = message.run.sequence;
    const auto subject = fleet::run_subject(card_.name, message.study, message.run.block, sequence);
    fleet::PublishOptions options;
    options.message_id = message.study + '.' + std::to_string(sequence);
    if (spoil && !spoil(message)) return {};
    const std::string bytes = to_bytes(message);
    ISOJOULE_TRY(const fleet::Stored stored, bus_.publish(subject, bytes, options));
    // The server remembers an id for longer than a message that was purged because it was bad.
    if (stored.duplicate && !bus_.last(fleet::kRuns, subject)) {
      ISOJOULE_TRY(const fleet::Stored again, bus_.publish(subject, bytes));
      (void)again;
    }
    ++runs_;
    return {};
  }

  const fleet::BoardCard& card() const { return card_; }
  std::int64_t runs() const { return runs_; }

 private:
  fleet::Bus& bus_;
  fleet::BoardCard card_;
  std::unique_ptr<fleet::Queue> queue_;
  std::int64_t lane_ = -1;
  std::int64_t runs_ = 0;
  double pulses_ = 0;
};

}  // namespace isojoule
