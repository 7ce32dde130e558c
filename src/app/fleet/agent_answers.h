// Questions that anybody with the right to ask may put to a board (fleet::ask_subject): one JSON
// object with a verb from a fixed list, answered by one JSON object. Nothing of a question is ever
// run.
//
//   {"verb": "probe"}   what `isojoule probe --json` prints; while the board measures:
//                       {"error": {"kind": "busy", "what": "..."}}
//   {"verb": "health"}  the pulse, at any time
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/quantity.h"
#include "fleet/bus.h"
#include "fleet/message.h"

namespace isojoule::agent {

// Verbs that are answered; what `isojoule fleet exec` names to its user.
inline constexpr const char* kVerbs = "probe, health";

// The question's verb. Errors: parse (no such object), invalid (an unknown verb, with the known).
Result<std::string> verb_of(std::string_view question);
std::string error_answer(const Error& error);

// Between the connection's thread, which brings questions, and the main thread, which alone may
// touch the board. The handler may outlive it by a question.
class AgentAnswers {
 public:
  using Probe = std::function<std::string()>;  // the answer of verb probe

  // Begins to listen. `pulse`: any thread. Errors: of the bus.
  static Result<std::unique_ptr<AgentAnswers>> listen(fleet::Bus& bus, const std::string& name,
                                                      std::function<fleet::Pulse()> pulse);
  ~AgentAnswers();
  AgentAnswers(const AgentAnswers&) = delete;
  AgentAnswers& operator=(const AgentAnswers&) = delete;

  // The main thread, whenever the board is idle: answers who waits.
  void serve(const Probe& probe);

 private:
  struct Desk;
  explicit AgentAnswers(std::shared_ptr<Desk> desk) : desk_(std::move(desk)) {}
  static std::string answer(Desk& desk, std::string_view question);
  std::shared_ptr<Desk> desk_;
};

}  // namespace isojoule::agent
