// Who answers questions on a subject, until it is destroyed.
#pragma once

#include <memory>
#include <string>

#include "fleet/nats/link.h"

namespace isojoule::fleet {

class Answerer {
 public:
  // Errors: permission_denied, invalid (the subject), those that pass.
  static Result<std::unique_ptr<Answerer>> start(const Link& link, const std::string& subject,
                                                 Bus::Handler handler);
  ~Answerer();  // a call of the handler that runs is waited for
  Answerer(const Answerer&) = delete;
  Answerer& operator=(const Answerer&) = delete;

 private:
  struct Shared;
  Answerer() = default;
  static void on_question(natsConnection* connection, natsSubscription* subscription,
                          natsMsg* question, void* closure);
  static void on_end(void* closure);

  std::shared_ptr<Shared> shared_;
  NatsSubscription subscription_;
};

// The header of an answer that is an error's words.
inline constexpr const char* kAnswerError = "Isojoule-Error";

}  // namespace isojoule::fleet
