// The connection to a fleet's server: NATS with JetStream
// (https://docs.nats.io/nats-concepts/jetstream). Queues, delivery, persistence and membership are
// the server's; this is the narrow waist through which all of isojoule speaks to it, so that
// nothing else knows libnats.
//
// Where the program was built without libnats, connect() answers ErrorKind::unsupported.
//
// Thread-safe but for Queue, Reader and Watch, each of which belongs to one thread at a time. They
// must not outlive their Bus. Every call that waits has a limit (`patience` of BusOptions where
// none is given); a lost connection is taken up again by the library, for ever, on any server of
// the cluster, and calls fail with ErrorKind::timeout or io meanwhile: their callers try again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/quantity.h"

namespace isojoule::fleet {

struct BusOptions {
  std::string
      url;  // "nats://host:4222", "tls://host"; several with commas; user:password@ before a host
  std::string credentials;  // a file: an nkey seed ("SU...") or a .creds file of NATS; "" = none
  std::string ca, certificate, key;  // PEM files of TLS; "" = the system's, none, none
  std::string client;                // how the server's logs name this connection: "agent board-7"
  Duration patience = Duration::milliseconds(5000);  // of one request
};

struct KeyValue {
  std::string key;
  std::string value;           // empty where it was removed
  std::uint64_t revision = 0;  // of the bucket; for update()
  std::int64_t created_ns =
      0;                 // the server's wall clock: comparable with others of that server only
  bool removed = false;  // a watch says so
};

struct BusMessage {
  std::string subject;
  std::string bytes;
  std::uint64_t sequence = 0;  // in its stream
  std::int64_t stored_ns = 0;  // the server's wall clock
};

struct Stored {
  std::uint64_t sequence = 0;
  bool duplicate = false;  // a message of this id was there already
};

struct PublishOptions {
  std::string
      message_id;  // the server takes one message of an id (within the stream's window); "" = none
  // Stored only while the last message of this very subject has this sequence; 0: while there is
  // none. Otherwise ErrorKind::exists.
  std::optional<std::uint64_t> expected_last;
};

// A message of a work queue that is ours until the claim runs out. Its destructor does nothing: an
// unanswered claim is handed to somebody else when its time is over.
class Claim {
 public:
  virtual ~Claim() = default;
  const BusMessage& message() const { return do_message(); }
  std::int64_t deliveries() const { return do_deliveries(); }  // 1: for the first time
  // Any thread: the claim's time begins anew. Ok where it was sent; the server does not confirm it.
  Status extend() { return do_extend(); }
  Status done() { return do_done(); }  // returns when the server has taken it off the queue
  // To whoever asks next, not before `delay`.
  Status give_back(Duration delay) { return do_give_back(delay); }

 private:
  virtual const BusMessage& do_message() const = 0;
  virtual std::int64_t do_deliveries() const = 0;
  virtual Status do_extend() = 0;
  virtual Status do_done() = 0;
  virtual Status do_give_back(Duration delay) = 0;
};

// One consumer of a work-queue stream, shared by all that take from it.
class Queue {
 public:
  virtual ~Queue() = default;
  // Waits `limit` at most; 0: not at all.
  Result<std::unique_ptr<Claim>> take(Duration limit) {
    return do_take(limit);
  }  // null: nothing came

 private:
  virtual Result<std::unique_ptr<Claim>> do_take(Duration limit) = 0;
};

// A stream's messages in its order, each once, across reconnections.
class Reader {
 public:
  virtual ~Reader() = default;
  Result<std::optional<BusMessage>> next(Duration limit) { return do_next(limit); }

 private:
  virtual Result<std::optional<BusMessage>> do_next(Duration limit) = 0;
};

// What is in a bucket, then every change.
class Watch {
 public:
  virtual ~Watch() = default;
  Result<std::optional<KeyValue>> next(Duration limit) { return do_next(limit); }

 private:
  virtual Result<std::optional<KeyValue>> do_next(Duration limit) = 0;
};

struct StreamSpec {
  std::string name;
  std::vector<std::string> subjects;
  bool work_queue = false;  // a message that is done is gone
  Duration age{};           // messages older than that go; 0: never
  Duration duplicate_window = Duration::milliseconds(600'000);
  bool direct = true;  // last() is answered by any server
};
struct BucketSpec {
  std::string name;
  Duration age{};  // entries go when they were not written for so long; 0: never
};
struct QueueState {
  std::uint64_t waiting = 0;  // not handed out
  std::uint64_t claimed = 0;  // handed out and unanswered
  std::uint64_t again = 0;    // of those, handed out more than once
};

class Bus {
 public:
  // Errors: not_found (nobody answers at any of the addresses), permission_denied (credentials),
  // unsupported (no JetStream there, or no libnats here), invalid (an address or file that cannot
  // be read).
  static Result<std::unique_ptr<Bus>> connect(const BusOptions& options);
  virtual ~Bus() = default;

  // Makes what is not there; what is there is left as it is. `replicas`: servers that keep a copy,
  // 1, 3 or 5.
  Status make_stream(const StreamSpec& spec, int replicas) {
    return do_make_stream(spec, replicas);
  }
  Status make_bucket(const BucketSpec& spec, int replicas) {
    return do_make_bucket(spec, replicas);
  }
  // A claim lasts `claim` unless it is extended.
  Status make_queue(const std::string& stream, const std::string& queue, const std::string& filter,
                    Duration claim) {
    return do_make_queue(stream, queue, filter, claim);
  }
  Status remove_queue(const std::string& stream, const std::string& queue) {
    return do_remove_queue(stream, queue);
  }

  Result<Stored> publish(const std::string& subject, std::string_view bytes,
                         const PublishOptions& options = {}) {
    return do_publish(subject, bytes, options);
  }
  // Subjects of the stream that match, with how many messages each has.
  Result<std::map<std::string, std::uint64_t>> subjects(const std::string& stream,
                                                        const std::string& filter) {
    return do_subjects(stream, filter);
  }
  // The last message of a subject; ErrorKind::not_found where there is none.
  Result<BusMessage> last(const std::string& stream, const std::string& subject) {
    return do_last(stream, subject);
  }
  Status purge(const std::string& stream, const std::string& filter) {
    return do_purge(stream, filter);
  }

  Result<std::unique_ptr<Queue>> queue(const std::string& stream, const std::string& queue) {
    return do_queue(stream, queue);
  }
  Result<QueueState> queue_state(const std::string& stream, const std::string& queue) {
    return do_queue_state(stream, queue);
  }
  // From the message with this sequence on; 0: from the first.
  Result<std::unique_ptr<Reader>> read(const std::string& stream, const std::string& filter,
                                       std::uint64_t from) {
    return do_read(stream, filter, from);
  }

  // ErrorKind::not_found where there is no such key.
  Result<KeyValue> get(const std::string& bucket, const std::string& key) {
    return do_get(bucket, key);
  }
  // Each returns the entry's revision. create: ErrorKind::exists where the key is there; update:
  // exists where its revision is another one by now.
  Result<std::uint64_t> create(const std::string& bucket, const std::string& key,
                               std::string_view value) {
    return do_create(bucket, key, value);
  }
  Result<std::uint64_t> put(const std::string& bucket, const std::string& key,
                            std::string_view value) {
    return do_put(bucket, key, value);
  }
  Result<std::uint64_t> update(const std::string& bucket, const std::string& key,
                               std::string_view value, std::uint64_t revision) {
    return do_update(bucket, key, value, revision);
  }
  Status remove(const std::string& bucket, const std::string& key) {
    return do_remove(bucket, key);
  }
  Result<std::vector<KeyValue>> list(const std::string& bucket) {
    return do_list(bucket);
  }  // by key
  // `pattern`: keys, with * for one token between dots and > for the rest.
  Result<std::unique_ptr<Watch>> watch(const std::string& bucket, const std::string& pattern) {
    return do_watch(bucket, pattern);
  }

  // Questions outside of the streams. The handler runs on a thread of the connection, one at a
  // time.
  using Handler = std::function<std::string(std::string_view question)>;
  Status answer(const std::string& subject, Handler handler) {
    return do_answer(subject, std::move(handler));
  }
  // ErrorKind::not_found: nobody answers there; timeout.
  Result<std::string> ask(const std::string& subject, std::string_view question, Duration limit) {
    return do_ask(subject, question, limit);
  }

  bool connected() const { return do_connected(); }
  // The connection is gone for good: the servers refused the credentials twice in a row, and it is
  // not taken up again. Every call fails with ErrorKind::io from then on; connect() anew.
  bool closed() const { return do_closed(); }
  std::size_t largest_message() const {
    return do_largest_message();
  }                                                   // bytes that the server takes
  std::string server() const { return do_server(); }  // "name version url", for people

 private:
  virtual Status do_make_stream(const StreamSpec& spec, int replicas) = 0;
  virtual Status do_make_bucket(const BucketSpec& spec, int replicas) = 0;
  virtual Status do_make_queue(const std::string& stream, const std::string& queue,
                               const std::string& filter, Duration claim) = 0;
  virtual Status do_remove_queue(const std::string& stream, const std::string& queue) = 0;
  virtual Result<Stored> do_publish(const std::string& subject, std::string_view bytes,
                                    const PublishOptions& options) = 0;
  virtual Result<std::map<std::string, std::uint64_t>> do_subjects(const std::string& stream,
                                                                   const std::string& filter) = 0;
  virtual Result<BusMessage> do_last(const std::string& stream, const std::string& subject) = 0;
  virtual Status do_purge(const std::string& stream, const std::string& filter) = 0;
  virtual Result<std::unique_ptr<Queue>> do_queue(const std::string& stream,
                                                  const std::string& queue) = 0;
  virtual Result<QueueState> do_queue_state(const std::string& stream,
                                            const std::string& queue) = 0;
  virtual Result<std::unique_ptr<Reader>> do_read(const std::string& stream,
                                                  const std::string& filter,
                                                  std::uint64_t from) = 0;
  virtual Result<KeyValue> do_get(const std::string& bucket, const std::string& key) = 0;
  virtual Result<std::uint64_t> do_create(const std::string& bucket, const std::string& key,
                                          std::string_view value) = 0;
  virtual Result<std::uint64_t> do_put(const std::string& bucket, const std::string& key,
                                       std::string_view value) = 0;
  virtual Result<std::uint64_t> do_update(const std::string& bucket, const std::string& key,
                                          std::string_view value, std::uint64_t revision) = 0;
  virtual Status do_remove(const std::string& bucket, const std::string& key) = 0;
  virtual Result<std::vector<KeyValue>> do_list(const std::string& bucket) = 0;
  virtual Result<std::unique_ptr<Watch>> do_watch(const std::string& bucket,
                                                  const std::string& pattern) = 0;
  virtual Status do_answer(const std::string& subject, Handler handler) = 0;
  virtual Result<std::string> do_ask(const std::string& subject, std::string_view question,
                                     Duration limit) = 0;
  virtual bool do_connected() const = 0;
  virtual bool do_closed() const = 0;
  virtual std::size_t do_largest_message() const = 0;
  virtual std::string do_server() const = 0;
};

}  // namespace isojoule::fleet
