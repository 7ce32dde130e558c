// Finished runs on their way to the server: on this board's disk first, published by a thread of
// their own, and gone from the disk when the server has stored them. What a killed agent leaves
// there the next one sends.
//
// FOLDER/outbox/STUDY.BLOCK.SEQUENCE.HASH.run, one file a run: the bytes of its RunMessage, HASH of
// those bytes. FOLDER/outbox/refused: files that the server does not take, or that are damaged:
// the next agent tries them once more. Those that end with .kept (a failed run is on the server in
// their place) are for a person to look at.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/quantity.h"
#include "fleet/message.h"

namespace isojoule::agent {

// One run as it lies in the outbox.
struct OutboxRun {
  std::string study;
  std::int64_t block = 0;
  std::int64_t sequence = 0;
  std::string bytes;
  bool is_leftover = false;  // it may have been sent already: by an agent that died, or in vain
  int attempts = 0;          // of this agent, in vain
};

// Publishes it; returns when the server has it. Errors: out_of_range: this server does not take it;
// invalid: nor will any other one, and what can be there in its place is; any other: it is tried
// again.
using SendRun = std::function<Status(const OutboxRun& run)>;

struct OutboxState {
  std::int64_t waiting = 0;  // not stored by the server yet
  std::int64_t refused = 0;  // since the agent began
  // Of the last run that was refused for good, or that waits because the server denies us the right
  // to send it; "" = none.
  std::string trouble;
};

// Thread-safe. The sender's thread calls `send`, one run at a time, in the order of add().
class Outbox {
 public:
  // Makes the folders and begins with what is there. Errors: of the folders.
  static Result<std::unique_ptr<Outbox>> open(const std::string& folder, SendRun send);
  ~Outbox();  // after the call of `send` that is running; what was not sent stays on the disk
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // The run is on the disk when it returns. One that no reader would take (an engine's nonsense)
  // goes as a failed run that says so. Errors: disk_full, permission_denied, read_only, io.
  Status add(const fleet::RunMessage& message);
  bool holds(const std::string& study, std::int64_t sequence) const;
  // Waits until nothing of the study waits, at most `limit`; false: something does.
  bool wait_sent(const std::string& study, Duration limit) const;
  OutboxState state() const;
  // Whether the server refused runs of this block since the agent began.
  bool has_refused(const std::string& study, std::int64_t block) const;

 private:
  struct Entry {
    std::string file;  // its name in the folder
    OutboxRun run;     // without its bytes
  };
  Outbox(std::string folder, SendRun send) : folder_(std::move(folder)), send_(std::move(send)) {}
  void take_back_refused();
  Status find_leftovers();
  void send_all();
  // False where it has to be tried again.
  bool send_one(Entry& entry);
  void refuse(const Entry& entry, const std::string& why, const char* ending = "");
  void note_denied(const Entry& entry, const Error& error);
  void forget_first();

  const std::string folder_;  // .../outbox
  const SendRun send_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::deque<Entry> waiting_;                           // guarded by mutex_
  std::map<std::string, std::int64_t> refused_blocks_;  // guarded by mutex_
  std::int64_t refused_ = 0;                            // guarded by mutex_
  std::string trouble_;                                 // guarded by mutex_
  bool is_denied_ = false;                              // guarded by mutex_: trouble_ passes
  bool stopping_ = false;                               // guarded by mutex_
  std::thread sender_;
};

}  // namespace isojoule::agent
