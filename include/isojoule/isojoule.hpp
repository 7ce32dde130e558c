// isojoule.h for C++11 and later: windows, phases and sessions that end with their scope. Header
// only; link libisojoule_mark, or build src/mark/isojoule.c into the program.
//
//   isojoule::MeasuredSession session;
//   {
//     isojoule::ScopedWindow window("preprocess");
//     ...
//   }
//   const isojoule::Measured cost = isojoule::energy_of("preprocess");
//   if (cost.has_energy()) std::printf("%g J\n", cost.energy_j());
//   else std::puts(cost.reason());
//
// Nothing here throws. docs/api.md has the whole.
#ifndef ISOJOULE_ISOJOULE_HPP
#define ISOJOULE_ISOJOULE_HPP

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "isojoule/isojoule.h"

namespace isojoule {

// What something cost. A number that is absent is NaN, never 0, and reason() says why.
class Measured {
 public:
  Measured() : raw_() { raw_.size = sizeof(raw_); }

  bool has_energy() const { return has(ISOJOULE_HAS_ENERGY); }
  bool has_net_energy() const { return has(ISOJOULE_HAS_NET); }
  bool is_simulated() const { return has(ISOJOULE_IS_SIMULATED); }
  explicit operator bool() const { return has_energy(); }
  double energy_j() const { return value(ISOJOULE_HAS_ENERGY, raw_.energy_j); }
  // Standard uncertainties, k = 1.
  double energy_u_j() const { return value(ISOJOULE_HAS_ENERGY, raw_.energy_u_j); }
  // Less the idle power of the session's begin.
  double net_energy_j() const { return value(ISOJOULE_HAS_NET, raw_.net_energy_j); }
  double net_energy_u_j() const { return value(ISOJOULE_HAS_NET, raw_.net_energy_u_j); }
  double duration_s() const { return value(ISOJOULE_HAS_DURATION, raw_.duration_s); }
  double mean_power_w() const { return duration_s() > 0 ? energy_j() / duration_s() : value(0, 0); }
  std::uint64_t count() const { return raw_.count; }
  std::uint64_t overlapping() const { return raw_.overlapping; }
  const char* counters() const { return raw_.counters; }
  const char* reason() const { return raw_.reason; }
  isojoule_result* raw() { return &raw_; }
  void set_reason(const char* text) { std::strncpy(raw_.reason, text, sizeof(raw_.reason) - 1); }

 private:
  bool has(unsigned flag) const { return (raw_.flags & flag) != 0; }
  double value(unsigned flag, double number) const {
    return has(flag) ? number : std::numeric_limits<double>::quiet_NaN();
  }

  isojoule_result raw_;
};

enum class Listener {
  nobody = ISOJOULE_NOBODY,
  measure = ISOJOULE_MEASURE,
  alone = ISOJOULE_ALONE
};

inline Listener listener() { return static_cast<Listener>(isojoule_listener()); }

// Why nobody measures, or why an answer did not come.
inline std::string reason() {
  char text[ISOJOULE_TEXT];
  isojoule_reason(text, sizeof(text));
  return text;
}

inline bool mark(const char* name) { return isojoule_mark(name) != 0; }
inline bool mark(const std::string& name) { return mark(name.c_str()); }
inline bool note(const std::string& key, const std::string& value) {
  return isojoule_note(key.c_str(), value.c_str()) != 0;
}

// All windows of a name that have ended. Waits for the readings; alone only.
inline Measured energy_of(const std::string& name) {
  Measured result;
  isojoule_name_energy(name.c_str(), result.raw());
  return result;
}

// A window from here to the end of the scope. It may move to another thread.
class ScopedWindow {
 public:
  explicit ScopedWindow(const char* name) : id_(isojoule_window_begin(name)), open_(id_ != 0) {}
  explicit ScopedWindow(const std::string& name) : ScopedWindow(name.c_str()) {}
  ~ScopedWindow() { end(); }
  ScopedWindow(ScopedWindow&& other) noexcept : id_(other.id_), open_(other.open_) {
    other.open_ = false;
  }
  ScopedWindow& operator=(ScopedWindow&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(open_, other.open_);
    return *this;
  }
  ScopedWindow(const ScopedWindow&) = delete;
  ScopedWindow& operator=(const ScopedWindow&) = delete;

  void end() {
    if (open_) isojoule_window_end(id_);
    open_ = false;
  }
  std::int64_t id() const { return id_; }  // 0: nobody measures
  // Ends it, waits for the readings that tell of its end, and says what it cost; alone only.
  Measured energy() {
    end();
    Measured result;
    isojoule_window_energy(id_, result.raw());
    return result;
  }

 private:
  std::int64_t id_;
  bool open_;
};

// A phase of the run (isojoule_phase_begin) from here to the end of the scope.
class ScopedPhase {
 public:
  explicit ScopedPhase(std::string name) : name_(std::move(name)) {
    isojoule_phase_begin(name_.c_str());
  }
  ~ScopedPhase() { isojoule_phase_end(name_.c_str()); }
  ScopedPhase(const ScopedPhase&) = delete;
  ScopedPhase& operator=(const ScopedPhase&) = delete;

 private:
  std::string name_;
};

class ScopedBatch {
 public:
  ScopedBatch() { isojoule_batch_begin(); }
  ~ScopedBatch() { isojoule_batch_end(); }
  ScopedBatch(const ScopedBatch&) = delete;
  ScopedBatch& operator=(const ScopedBatch&) = delete;
};

// A request of a service, for `isojoule govern`: it arrives here, and is answered, or dropped at
// the end of the scope. It may move to another thread.
class ServedRequest {
 public:
  ServedRequest() : arrived_ns_(isojoule_request_arrived()) {}
  ~ServedRequest() {
    if (open_) isojoule_request_dropped(arrived_ns_);
  }
  ServedRequest(ServedRequest&& other) noexcept
      : arrived_ns_(other.arrived_ns_), open_(other.open_) {
    other.open_ = false;
  }
  ServedRequest& operator=(ServedRequest&& other) noexcept {
    std::swap(arrived_ns_, other.arrived_ns_);
    std::swap(open_, other.open_);
    return *this;
  }
  ServedRequest(const ServedRequest&) = delete;
  ServedRequest& operator=(const ServedRequest&) = delete;

  void answered() {
    if (open_) isojoule_request_answered(arrived_ns_);
    open_ = false;
  }
  std::int64_t arrived_ns() const { return arrived_ns_; }

 private:
  std::int64_t arrived_ns_;
  bool open_ = true;
};

// A batch of a service's requests, from here to the end of the scope.
class ServedBatch {
 public:
  explicit ServedBatch(std::int64_t requests) : begin_ns_(isojoule_now_ns()), requests_(requests) {}
  ~ServedBatch() { isojoule_batch_served(begin_ns_, requests_); }
  ServedBatch(const ServedBatch&) = delete;
  ServedBatch& operator=(const ServedBatch&) = delete;

 private:
  std::int64_t begin_ns_, requests_;
};

// The most requests that the governor wants in a batch; `otherwise` without one.
inline std::int64_t batch_limit(std::int64_t otherwise) { return isojoule_batch_limit(otherwise); }

// What isojoule_options has, with strings that live as long as it does.
struct SessionOptions {
  double period_s = 0;   // 0: the usual 0.1 s
  double idle_s = 0;     // 0: no idle power is measured
  double timeout_s = 0;  // 0: the usual 20 s
  std::string program, sysroot, report;
};

// The process's session; under `isojoule measure` that one. Ends with the scope.
class MeasuredSession {
 public:
  explicit MeasuredSession(const SessionOptions& options = SessionOptions()) {
    isojoule_options raw = isojoule_options();
    raw.size = sizeof(raw);
    raw.period_ns = nanoseconds(options.period_s);
    raw.idle_ns = nanoseconds(options.idle_s);
    raw.timeout_ns = nanoseconds(options.timeout_s);
    raw.program = given(options.program);
    raw.sysroot = given(options.sysroot);
    raw.report = given(options.report);
    const bool was_there = isojoule_listener() != ISOJOULE_NOBODY;
    listener_ = static_cast<Listener>(isojoule_session_begin(&raw));
    is_ours_ = !was_there && listener_ != Listener::measure;
    if (!is_ours_) result_.set_reason(was_another());
  }
  ~MeasuredSession() { end(); }
  MeasuredSession(const MeasuredSession&) = delete;
  MeasuredSession& operator=(const MeasuredSession&) = delete;

  Listener listener() const { return listener_; }
  // Ends it and says what all of it cost; the same again afterwards. A session that was there
  // before (of `isojoule measure`, ISOJOULE=1, or a caller of ours) goes on: it is not ours to end.
  Measured end() {
    if (!ended_ && is_ours_) isojoule_session_end(result_.raw());
    ended_ = true;
    return result_;
  }

 private:
  // Of what is no time -1, which is refused; the unit of what is no longer 0 is never lost.
  static std::int64_t nanoseconds(double seconds) {
    if (!(seconds >= 0)) return -1;
    if (seconds >= 9e9) return INT64_MAX;
    return static_cast<std::int64_t>(std::ceil(seconds * 1e9));
  }
  static const char* given(const std::string& text) {
    return text.empty() ? nullptr : text.c_str();
  }

  static const char* was_another() {
    return "this session is part of another one, which goes on and knows what it cost";
  }

  Listener listener_ = Listener::nobody;
  bool is_ours_ = false, ended_ = false;
  Measured result_;
};

}  // namespace isojoule

#endif
