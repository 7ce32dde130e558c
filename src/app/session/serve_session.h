// `isojoule session`: the sampler of a program that measures itself (isojoule.h). It talks to the
// program over a socket that it was started with.
//
//   ->  the lines of docs/engines/command.md, and of the client for windows
//   ->  {"type":"ask","question":N,"client":C,"what":"window","at_ns":T,"id":I,"name":""}
//       what: window, name, whole, end
//   <-  isojoule-session wait NS                 so long until it has readings, and the idle power
//   <-  isojoule-session 1 NS                    it samples, and answers wait for so long; or:
//       isojoule-session 0<TAB>REASON
//   <-  answer N FLAGS COUNT OVERLAPPING E U NET NET_U DURATION<TAB>COUNTERS<TAB>REASON
//
// Flags are those of isojoule.h, the five numbers the bits of a double in hexadecimal: joules,
// standard uncertainties, seconds.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <string>
#include <string_view>

#include "app/session/self_session.h"
#include "app/target.h"

namespace isojoule {

struct SessionRequest {
  TargetOptions target;
  int descriptor = -1;
  pid_t parent = -1;  // the program; without it the session ends
  // Milliseconds, as the program or its environment wrote them: nobody but the program can be told
  // that they are wrong.
  std::string period_ms = "100", idle_ms = "0";
  std::string report;  // a JSON file at the end, with %p for the program's process; "" = none
};

// Returns when the program has gone or closed its end. Errors: invalid (the descriptor is no
// socket: nobody started it so); those of writing the report, which the program is told as well, as
// all else that goes wrong.
Status serve_session(const Paths& paths, const SessionRequest& request,
                     const std::atomic<bool>& interrupted);

struct SessionQuestion {
  enum class What { window, name, whole, end };
  std::int64_t number = 0, client = 0, id = 0;
  What what = What::window;
  std::string name;
  Instant at;
};
bool is_question(std::string_view line);
Result<SessionQuestion> parse_question(std::string_view line);  // parse
std::string encode_answer(std::int64_t number, const SessionAnswer& answer, bool simulated);

}  // namespace isojoule
