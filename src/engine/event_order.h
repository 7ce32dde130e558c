// Holds a worker's events to the order in which they can happen: phases one after the other, each
// ended before the next begins and none twice, batches inside the inference phase, time never
// backwards and never ahead of now.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "engine/engine.h"

namespace isojoule {

class EventOrder {
 public:
  // `batches`: how many the job asks for; nothing: nobody knows.
  explicit EventOrder(std::optional<std::int64_t> batches) : batches_expected_(batches) {}
  // "" when the event can come now, otherwise what is wrong with it.
  std::string check(const Event& event, Instant now);
  std::optional<PhaseKind> open_phase() const { return open_; }

 private:
  std::string check_time(Instant at, Instant now);

  std::optional<std::int64_t> batches_expected_;
  std::int64_t batches_seen_ = 0;
  std::optional<PhaseKind> open_;
  std::set<PhaseKind> seen_;
  Instant last_{INT64_MIN};  // nothing may come before it
};

}  // namespace isojoule
