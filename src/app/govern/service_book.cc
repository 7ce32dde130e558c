#include "app/govern/service_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace isojoule {
namespace {

// Of two processors' looks at one clock; nothing that a service does takes so long.
constexpr Duration kAhead = Duration::milliseconds(5);
// No request waits longer, no batch is larger: what says so has its units wrong.
constexpr Duration kLongestWait = Duration::milliseconds(3'600'000);
constexpr std::int64_t kMostRequests = 1'000'000;
// So many latencies and batches of an epoch tell all that there is to learn of it.
constexpr std::size_t kSample = 4096;
constexpr double kSilentLimits = 3;
constexpr std::int64_t kMinute = 60'000'000'000;

std::int64_t sum_of(const std::map<std::int64_t, std::int64_t>& by_minute) {
  std::int64_t sum = 0;
  for (const auto& [minute, count] : by_minute) sum += count;
  return sum;
}

}  // namespace

std::int64_t ServiceBook::Service::waits() const { return sum_of(waiting); }

ServiceBook::ServiceBook(const ServiceBookOptions& options) : options_(options) {
  const double least_s = std::min(kSilentLimits * options.latency_limit_s, 1e6);
  options_.silence = std::max(options.silence, Duration::from(Second(least_s)));
}

void ServiceBook::join(std::int64_t service, const std::string& name, Instant now) {
  Service& joined = services_[service] = {};
  joined.name = name;
  joined.began = joined.heard = now;
}

void ServiceBook::leave(std::int64_t service) {
  const auto found = services_.find(service);
  if (found == services_.end()) return;
  add_batch_requests(found->second);
  // What it answered for others stays answered.
  if (found->second.waits() < 0)
    for (const auto& [minute, count] : found->second.waiting) left_[minute] += count;
  services_.erase(found);
}

void ServiceBook::take(std::int64_t service, const std::vector<ServiceMark>& marks,
                       std::uint64_t lost, Instant now) {
  const auto found = services_.find(service);
  if (found == services_.end()) return;
  for (const ServiceMark& mark : marks) take_mark(found->second, mark, now);
  epoch_.lost += lost;
  // Of which requests the lost ones told nobody knows: none is taken to wait.
  if (lost > 0) found->second.waiting.clear();
}

void ServiceBook::take_mark(Service& service, const ServiceMark& mark, Instant now) {
  service.heard = now;
  if (const std::string why = why_absurd(service, mark, now); !why.empty()) {
    ++epoch_.absurd;
    if (fault_.empty()) fault_ = service.name + ": " + why;
    return;
  }
  service.marks_requests = service.marks_requests || mark.kind != ServiceMark::Kind::served;
  switch (mark.kind) {
    case ServiceMark::Kind::arrived:
      service.waiting[mark.at / kMinute] += mark.count;
      epoch_.arrived += mark.count;
      return;
    case ServiceMark::Kind::answered: take_answer(service, mark); return;
    case ServiceMark::Kind::dropped:
      ++epoch_.dropped;
      --service.waiting[mark.other / kMinute];
      return;
    case ServiceMark::Kind::served: take_batch(service, mark); return;
  }
}

std::string ServiceBook::why_absurd(const Service& service, const ServiceMark& mark,
                                    Instant now) const {
  const auto kind = static_cast<std::uint32_t>(mark.kind);
  if (kind < 1 || kind > 4) return fmt::format("a mark of kind {}", kind);
  if (mark.at < 0 || mark.at > (now + kAhead).ns)
    return fmt::format("time {} ns is ahead of the clock", mark.at);
  if (Instant{mark.at} + kLongestWait < service.began)
    return fmt::format("time {} ns is long before it came", mark.at);
  if (mark.count < 1 || mark.count > kMostRequests)
    return fmt::format("{} requests at once", mark.count);
  if (mark.kind == ServiceMark::Kind::arrived) return {};
  if (mark.other < 0 || mark.other > mark.at || mark.at - mark.other > kLongestWait.ns)
    return mark.kind == ServiceMark::Kind::served
               ? fmt::format("a batch from {} to {} ns", mark.other, mark.at)
               : fmt::format("a request from {} answered at {} ns", mark.other, mark.at);
  return {};
}

// Of a request that came before the governor did nobody heard: its answer counts, its wait is none
// of ours to be counted down.
void ServiceBook::take_answer(Service& service, const ServiceMark& mark) {
  const double latency_s = static_cast<double>(mark.at - mark.other) * 1e-9;
  ++epoch_.served;
  epoch_.late += latency_s > options_.latency_limit_s ? 1 : 0;
  add_latency(latency_s);
  --service.waiting[mark.other / kMinute];
}

// Reservoir sampling (J. S. Vitter, "Random Sampling with a Reservoir", 1985, algorithm R): each of
// those that were seen is in the sample with the same chance.
std::optional<std::size_t> ServiceBook::place_of(std::int64_t seen, std::size_t size) {
  if (size < kSample) return size;
  const std::uint64_t place = random_.below(static_cast<std::uint64_t>(seen));
  return place < kSample ? std::optional(static_cast<std::size_t>(place)) : std::nullopt;
}

void ServiceBook::add_latency(double seconds) {
  epoch_.longest_s = std::max(epoch_.longest_s, seconds);
  const auto place = place_of(++latencies_, epoch_.latency_s.size());
  if (!place) return;
  epoch_.latency_s.resize(std::max(epoch_.latency_s.size(), *place + 1));
  epoch_.latency_s[*place] = seconds;
}

void ServiceBook::take_batch(Service& service, const ServiceMark& mark) {
  const double batch_s = static_cast<double>(mark.at - mark.other) * 1e-9;
  busy_s_ += batch_s;
  if (const auto place = place_of(++batches_, epoch_.batch_s.size())) {
    const std::size_t size = std::max(epoch_.batch_s.size(), *place + 1);
    epoch_.batch_s.resize(size);
    epoch_.batch_requests.resize(size);
    epoch_.batch_s[*place] = batch_s;
    epoch_.batch_requests[*place] = mark.count;
  }
  if (service.marks_requests) return;
  service.in_batches += mark.count;
  service.late_in_batches += batch_s > options_.latency_limit_s ? mark.count : 0;
  if (const auto place = place_of(++service.batches, service.batch_s.size())) {
    service.batch_s.resize(std::max(service.batch_s.size(), *place + 1));
    service.batch_s[*place] = batch_s;
  }
}

// A service that marks no requests takes what is there when it is ready: the batch is all that they
// wait for.
void ServiceBook::add_batch_requests(Service& service) {
  const std::vector<double> seconds = std::exchange(service.batch_s, {});
  const std::int64_t requests = std::exchange(service.in_batches, 0);
  const std::int64_t late = std::exchange(service.late_in_batches, 0);
  service.batches = 0;
  if (service.marks_requests) return;
  epoch_.arrived += requests;
  epoch_.served += requests;
  epoch_.late += late;
  for (const double one : seconds) add_latency(one);
}

// A request that was never answered and never dropped does not wait for ever.
void ServiceBook::forget_old(Instant now) {
  const std::int64_t first = (now - kLongestWait).ns / kMinute;
  const auto is_old = [first](const auto& entry) { return entry.first < first; };
  for (auto& [id, service] : services_) std::erase_if(service.waiting, is_old);
  std::erase_if(left_, is_old);
}

// One process may tell of the arrivals and another of the answers: only the sum says what waits.
void ServiceBook::count_waiting(ServiceEpoch& closed, std::string& fault, Instant now) {
  closed.queued = sum_of(left_);
  bool is_shared = !left_.empty();
  Instant newest{INT64_MIN};
  for (const auto& [id, service] : services_) {
    closed.queued += service.waits();
    is_shared = is_shared || service.waits() < 0;
    newest = std::max(newest, service.heard);
  }
  if (closed.queued < 0) {
    // More answers than arrivals: those of before we came.
    closed.queued = 0;
    for (auto& [id, service] : services_) service.waiting.clear();
    left_.clear();
  }
  if (closed.queued == 0) return;
  for (const auto& [id, service] : services_) {
    const Duration silent = now - (is_shared ? newest : service.heard);
    if (service.waits() > 0 && silent > options_.silence && fault.empty())
      fault = fmt::format("{}: silent for {:.0f} s while {} of its requests wait", service.name,
                          silent.seconds().value(), service.waits());
  }
}

ServiceEpoch ServiceBook::close(Instant now) {
  for (auto& [id, service] : services_) add_batch_requests(service);
  ServiceEpoch closed = std::exchange(epoch_, {});
  std::string fault = std::exchange(fault_, {});
  if (std::exchange(batches_, 0) > std::ssize(closed.batch_s)) closed.busy_s = busy_s_;
  busy_s_ = 0;
  latencies_ = 0;
  closed.services = std::ssize(services_);
  forget_old(now);
  count_waiting(closed, fault, now);
  if (services_.empty())
    closed.blind = "no service is connected";
  else if (closed.lost > 0)
    closed.blind = fmt::format("{} marks of the service were lost", closed.lost);
  else if (closed.absurd > 0)
    closed.blind = "the service says what cannot be: " + fault;
  else
    closed.blind = fault;
  return closed;
}

}  // namespace isojoule
