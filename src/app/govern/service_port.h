// Where services come: a Unix socket at which each is handed a queue of its own.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "app/govern/service_book.h"
#include "base/clock.h"

namespace isojoule {

// What is asked of whoever tells of services: the real port, or a simulated service in tests.
class ServiceSource {
 public:
  virtual ~ServiceSource() = default;
  // Takes what has come; does not wait. To be called several times an epoch: a queue is finite.
  void poll(Instant now) { do_poll(now); }
  ServiceEpoch close(Instant now) { return do_close(now); }
  void set_batch_limit(std::int64_t most) { do_set_batch_limit(most); }  // 0: no opinion

 private:
  virtual void do_poll(Instant now) = 0;
  virtual ServiceEpoch do_close(Instant now) = 0;
  virtual void do_set_batch_limit(std::int64_t most) = 0;
};

// One thread; on the real clock, as services are.
class ServicePort final : public ServiceSource {
 public:
  // `group` "": the socket is for this user alone; else its members may connect, too. Makes the
  // folder. Errors: busy (another governor listens there), not_found (the group), those of the
  // socket.
  static Result<std::unique_ptr<ServicePort>> open(const std::string& path,
                                                   const std::string& group,
                                                   const ServiceBookOptions& options);
  ~ServicePort() override;
  const std::string& path() const { return path_; }

 private:
  explicit ServicePort(const ServiceBookOptions& options)
      : real_(make_real_clock()), book_(options) {}
  struct Guest {
    Descriptor socket;
    ServiceRing ring;
  };
  void do_poll(Instant now) override;
  ServiceEpoch do_close(Instant now) override;
  void do_set_batch_limit(std::int64_t most) override;
  bool admit(Instant now);  // false: none can be now
  void take_from(std::int64_t id, Guest& guest, Instant now);

  std::unique_ptr<Clock> real_;  // of the marks
  std::string path_;
  Descriptor listener_;
  std::map<std::int64_t, Guest> guests_;
  std::int64_t next_ = 1, batch_limit_ = 0;
  std::vector<ServiceMark> marks_;
  ServiceBook book_;
};

// $ISOJOULE_RUNTIME where it is set. Where a service looks for it: /run/isojoule for root, else
// $XDG_RUNTIME_DIR/isojoule, else a folder of this user's in /tmp (which a service has to be told
// by ISOJOULE_GOVERN).
std::string runtime_folder();
std::string usual_service_socket();
// Makes the folder with that mode, or sees that it is one, of this user, and that nobody else may
// write there: in /tmp anybody can be first. Errors: permission_denied, io.
Status make_runtime_folder(const std::string& folder, bool for_others = false);

}  // namespace isojoule
