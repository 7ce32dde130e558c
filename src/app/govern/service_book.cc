#include "app/govern/service_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace isojoule {
namespace {

// Of two processors' looks at one clock; nothing that a service does takes so long.
constexpr Duration kAhead = Duration::milliseconds(5);
// No request waits longer, no batch is larger: what says so has its units wrong.
constexpr Duration kLongestWait = Duration::milliseconds(3'600'000);
constexpr std::int64_t kMostRequests = 1'000'000;

}  // namespace

void ServiceBook::join(std::int64_t service, const std::string& name, Instant now) {
  services_[service] = {name, false, 0, {}, now, now};
}

void ServiceBook::leave(std::int64_t service) {
  const auto found = services_.find(service);
  if (found == services_.end()) return;
  add_batch_requests(found->second);
  services_.erase(found);
}

void ServiceBook::take(std::int64_t service, const std::vector<ServiceMark>& marks,
                       std::uint64_t lost, Instant now) {
  const auto found = services_.find(service);
  if (found == services_.end()) return;
  for (const ServiceMark& mark : marks) take_mark(found->second, mark, now);
  epoch_.lost += lost;
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
      service.waiting += mark.count;
      epoch_.arrived += mark.count;
      return;
    case ServiceMark::Kind::answered: take_answer(service, mark); return;
    case ServiceMark::Kind::dropped:
      ++epoch_.dropped;
      --service.waiting;
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
  epoch_.latency_s.push_back(latency_s);
  --service.waiting;
}

void ServiceBook::take_batch(Service& service, const ServiceMark& mark) {
  const double batch_s = static_cast<double>(mark.at - mark.other) * 1e-9;
  epoch_.batch_s.push_back(batch_s);
  epoch_.batch_requests.push_back(mark.count);
  service.batches.emplace_back(batch_s, mark.count);
}

// A service that marks no requests takes what is there when it is ready: the batch is all that they
// wait for.
void ServiceBook::add_batch_requests(Service& service) {
  for (const auto& [seconds, requests] : std::exchange(service.batches, {})) {
    if (service.marks_requests) continue;
    epoch_.arrived += requests;
    epoch_.served += requests;
    epoch_.late += seconds > options_.latency_limit_s ? requests : 0;
    epoch_.latency_s.push_back(seconds);
  }
}

ServiceEpoch ServiceBook::close(Instant now) {
  for (auto& [id, service] : services_) add_batch_requests(service);
  ServiceEpoch closed = std::exchange(epoch_, {});
  std::string fault = std::exchange(fault_, {});
  closed.services = std::ssize(services_);
  for (auto& [id, service] : services_) {
    // More answers than arrivals: those of before we came.
    service.waiting = std::max<std::int64_t>(0, service.waiting);
    closed.queued += service.waiting;
    if (service.waiting > 0 && now - service.heard > options_.silence && fault.empty())
      fault = fmt::format("{}: silent for {:.0f} s while {} of its requests wait", service.name,
                          (now - service.heard).seconds().value(), service.waiting);
  }
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
