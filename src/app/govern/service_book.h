// What services say, added up by epoch: arrivals, answers, batches, and what cannot be true.
//
// Several services at one governor are one: their requests are added up, and each one's nonsense is
// told with its name. Marks need not come in the order of their times.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/govern/service_ring.h"
#include "base/random.h"

namespace isojoule {

// One stretch of time, as the services told it.
struct ServiceEpoch {
  std::int64_t arrived = 0, served = 0, dropped = 0, late = 0;
  std::int64_t queued = 0;  // at its end
  // Of more than a few thousand a sample.
  std::vector<double> batch_s;
  std::vector<std::int64_t> batch_requests;
  std::vector<double> latency_s;
  double longest_s = 0;          // of all latencies
  std::optional<double> busy_s;  // of all batches, where batch_s is a sample
  std::uint64_t lost = 0;        // marks that found no room
  std::int64_t absurd = 0;       // marks that cannot be true, left out
  std::string blind;             // "" or why all this is not to be believed
  std::int64_t services = 0;
};

struct ServiceBookOptions {
  double latency_limit_s = 1;
  // Requests wait, and for so long no batch, no answer and no arrival was told; at least three
  // times the limit.
  Duration silence = Duration::milliseconds(5000);
};

class ServiceBook {
 public:
  explicit ServiceBook(const ServiceBookOptions& options);

  void join(std::int64_t service, const std::string& name, Instant now);
  // What waits there will not be answered. Its marks up to now were taken before, and count.
  void leave(std::int64_t service);
  void take(std::int64_t service, const std::vector<ServiceMark>& marks, std::uint64_t lost,
            Instant now);
  // What came since the last call, up to now.
  ServiceEpoch close(Instant now);
  std::size_t services() const { return services_.size(); }

 private:
  struct Service {
    std::string name;
    bool marks_requests = false;  // and not its batches alone
    // Arrived, neither answered nor dropped, by the minute of the arrival. Below zero where another
    // connection told of the arrivals, or they were before we came.
    std::map<std::int64_t, std::int64_t> waiting;
    std::vector<double> batch_s;  // of the epoch, a sample, where batches alone are marked
    std::int64_t batches = 0, in_batches = 0, late_in_batches = 0;
    Instant began, heard;
    std::int64_t waits() const;
  };
  void take_mark(Service& service, const ServiceMark& mark, Instant now);
  std::string why_absurd(const Service& service, const ServiceMark& mark, Instant now) const;
  void take_answer(Service& service, const ServiceMark& mark);
  void take_batch(Service& service, const ServiceMark& mark);
  void add_batch_requests(Service& service);
  void add_latency(double seconds);
  void forget_old(Instant now);
  void count_waiting(ServiceEpoch& closed, std::string& fault, Instant now);
  // Where the next of `seen` goes in a sample of `size`; absent: nowhere.
  std::optional<std::size_t> place_of(std::int64_t seen, std::size_t size);

  ServiceBookOptions options_;
  std::map<std::int64_t, Service> services_;
  ServiceEpoch epoch_;
  std::string fault_;                          // the first of the epoch
  std::map<std::int64_t, std::int64_t> left_;  // answers of those that left, as waiting
  std::int64_t latencies_ = 0, batches_ = 0;   // of the epoch
  double busy_s_ = 0;                          // of the epoch
  Random random_{1};                           // which of many are the sample
};

}  // namespace isojoule
