#include "app/fleet/agent_pulse.h"

#include "base/wall_time.h"
#include "fleet/name.h"

namespace isojoule::agent {
namespace {

using std::chrono::milliseconds;

// Changes within so short a time are told together.
constexpr milliseconds kLeast{250};
constexpr milliseconds kPeriod{fleet::kPulsePeriod.ns / 1'000'000};
// Without an answer of the server the entry is tried again so soon.
constexpr milliseconds kRetry{1000};

std::string known_serial(const std::string& serial) {
  return serial.empty() ? "not known" : serial;
}

// "" where there is no card, or one that cannot be read. Errors: of the bus.
Result<std::string> serial_at(fleet::Bus& bus, const std::string& name) {
  const auto entry = bus.get(fleet::kCards, name);
  if (!entry && entry.error().kind == ErrorKind::not_found) return "";
  if (!entry) return tl::unexpected<Error>(entry.error());
  const auto card = fleet::parse_card(entry->value);
  return card ? card->serial : "";
}

tl::unexpected<Error> name_taken(const NameClaim& claim, const std::string& serial) {
  return fail(ErrorKind::busy,
              "a board named " + claim.name + " is in this fleet already: its serial is " +
                  known_serial(serial) + ", this board's is " + known_serial(claim.serial),
              "Give this one another name with --name; where that board is gone for good, wait " +
                  std::to_string(fleet::kPulseAge.ns / 1'000'000'000) + " s");
}

std::string instance_in(const fleet::KeyValue& entry) {
  const auto pulse = fleet::parse_pulse(entry.value);
  return pulse ? pulse->instance : "";
}

// Waits until the entry at `revision` has gone. Errors: busy where it beats.
Status wait_for_death(fleet::Bus& bus, const NameClaim& claim, std::uint64_t revision,
                      const std::atomic<bool>& interrupted) {
  for (;;) {
    const auto entry = bus.get(fleet::kPulses, claim.name);
    if (!entry && entry.error().kind == ErrorKind::not_found) return {};
    if (!entry) return tl::unexpected<Error>(entry.error());
    if (entry->revision != revision) return name_taken(claim, claim.serial);
    if (interrupted) return fail(ErrorKind::interrupted, "the agent was interrupted");
    std::this_thread::sleep_for(kLeast);
  }
}

}  // namespace

Result<HeldName> HeldName::take(fleet::Bus& bus, const NameClaim& claim, const fleet::Pulse& first,
                                const std::atomic<bool>& interrupted) {
  HeldName held(bus, claim);
  const std::string bytes = to_bytes(first);
  for (;;) {
    if (interrupted) return fail(ErrorKind::interrupted, "the agent was interrupted");
    const auto created = bus.create(fleet::kPulses, claim.name, bytes);
    if (created) {
      held.revision_ = *created;
      return held;
    }
    if (created.error().kind != ErrorKind::exists) return tl::unexpected<Error>(created.error());
    const auto there = bus.get(fleet::kPulses, claim.name);
    if (!there && there.error().kind == ErrorKind::not_found) {  // it has gone just now
      std::this_thread::sleep_for(kLeast);
      continue;
    }
    if (!there) return tl::unexpected<Error>(there.error());
    const std::string instance = instance_in(*there);
    const bool is_ours =
        !instance.empty() && (instance == claim.instance || instance == claim.earlier_instance);
    if (is_ours) {
      const auto updated = bus.update(fleet::kPulses, claim.name, bytes, there->revision);
      if (updated) {
        held.revision_ = *updated;
        return held;
      }
      if (updated.error().kind != ErrorKind::exists) return tl::unexpected<Error>(updated.error());
      continue;
    }
    ISOJOULE_TRY(const std::string serial, serial_at(bus, claim.name));
    if (serial.empty() || serial != claim.serial) return name_taken(claim, serial);
    ISOJOULE_CHECK(wait_for_death(bus, claim, there->revision, interrupted));
  }
}

Status HeldName::beat(const fleet::Pulse& pulse) {
  const std::string bytes = to_bytes(pulse);
  const auto updated = bus_->update(fleet::kPulses, claim_.name, bytes, revision_);
  if (updated) {
    revision_ = *updated;
    return {};
  }
  if (updated.error().kind != ErrorKind::exists && updated.error().kind != ErrorKind::not_found)
    return tl::unexpected<Error>(updated.error());
  const auto there = bus_->get(fleet::kPulses, claim_.name);
  if (!there && there.error().kind != ErrorKind::not_found)
    return tl::unexpected<Error>(there.error());
  if (there && instance_in(*there) != claim_.instance)
    return name_taken(claim_, serial_at(*bus_, claim_.name).value_or(""));
  // Ours, with an answer that was lost on its way; or gone, while the server was away.
  const auto put = there ? bus_->update(fleet::kPulses, claim_.name, bytes, there->revision)
                         : bus_->create(fleet::kPulses, claim_.name, bytes);
  if (!put) {
    Error error = put.error();
    if (error.kind == ErrorKind::exists) error.kind = ErrorKind::io;  // looked at the next time
    return tl::unexpected<Error>(std::move(error));
  }
  revision_ = *put;
  return {};
}

void HeldName::give_up() {
  if (!bus_->connected()) return;  // it goes by its age
  const auto there = bus_->get(fleet::kPulses, claim_.name);
  if (there && instance_in(*there) == claim_.instance) {
    // Where it fails the entry goes by its age.
    [[maybe_unused]] const Status removed = bus_->remove(fleet::kPulses, claim_.name);
  }
}

PulseThread::PulseThread(HeldName name, fleet::Pulse first, Fill fill)
    : name_(std::move(name)), fill_(std::move(fill)), pulse_(std::move(first)) {
  thread_ = std::thread([this] { beat_on(); });
}

PulseThread::~PulseThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  woken_.notify_all();
  thread_.join();
  if (!lost_) name_.give_up();
}

void PulseThread::change(const std::function<void(fleet::Pulse&)>& change) {
  {
    const std::lock_guard lock(mutex_);
    const fleet::BoardState before = pulse_.state;
    const std::string why = pulse_.why;
    change(pulse_);
    is_urgent_ = is_urgent_ || before != pulse_.state || why != pulse_.why;
  }
  woken_.notify_all();
}

fleet::Pulse PulseThread::now() const {
  fleet::Pulse pulse = filled();
  return pulse;
}

std::string PulseThread::why_lost() const {
  const std::lock_guard lock(mutex_);
  return why_lost_;
}

fleet::Pulse PulseThread::filled() const {
  fleet::Pulse pulse;
  {
    const std::lock_guard lock(mutex_);
    pulse = pulse_;
  }
  fill_(pulse);
  pulse.uptime_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  pulse.wall_time = wall_time_now();
  return pulse;
}

void PulseThread::beat_on() {
  auto pause = kPeriod;  // the entry has just been made
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      woken_.wait_for(lock, kLeast, [this] { return stopping_; });
      woken_.wait_for(lock, pause - kLeast, [this] { return stopping_ || is_urgent_; });
      if (stopping_) return;
      is_urgent_ = false;
    }
    const Status beaten = name_.beat(filled());
    pause = beaten ? kPeriod : kRetry;
    if (beaten || beaten.error().kind != ErrorKind::busy) continue;
    {
      const std::lock_guard lock(mutex_);
      why_lost_ = to_string(beaten.error());
    }
    lost_ = true;
    return;
  }
}

}  // namespace isojoule::agent
