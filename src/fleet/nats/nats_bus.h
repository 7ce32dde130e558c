// The bus on NATS.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "fleet/bus.h"
#include "fleet/nats/answerer.h"
#include "fleet/nats/link.h"

namespace isojoule::fleet {

class NatsBus final : public Bus {
 public:
  explicit NatsBus(std::unique_ptr<Link> link);
  ~NatsBus() override;

 private:
  // streams.cc
  Status do_make_stream(const StreamSpec& spec, int replicas) override;
  Status do_make_bucket(const BucketSpec& spec, int replicas) override;
  Result<Stored> do_publish(const std::string& subject, std::string_view bytes,
                            const PublishOptions& options) override;
  Result<std::map<std::string, std::uint64_t>> do_subjects(const std::string& stream,
                                                           const std::string& filter) override;
  Result<BusMessage> do_last(const std::string& stream, const std::string& subject) override;
  Status do_purge(const std::string& stream, const std::string& filter) override;

  // nats_bus.cc
  Status do_make_queue(const std::string& stream, const std::string& queue,
                       const std::string& filter, Duration claim) override;
  Status do_remove_queue(const std::string& stream, const std::string& queue) override;
  Result<std::unique_ptr<Queue>> do_queue(const std::string& stream,
                                          const std::string& queue) override;
  Result<QueueState> do_queue_state(const std::string& stream, const std::string& queue) override;
  Result<std::unique_ptr<Reader>> do_read(const std::string& stream, const std::string& filter,
                                          std::uint64_t from) override;
  Status do_answer(const std::string& subject, Handler handler) override;
  Result<std::string> do_ask(const std::string& subject, std::string_view question,
                             Duration limit) override;
  bool do_connected() const override;
  bool do_closed() const override;
  std::size_t do_largest_message() const override;
  std::string do_server() const override;

  // buckets.cc
  Result<KeyValue> do_get(const std::string& bucket, const std::string& key) override;
  Result<std::uint64_t> do_create(const std::string& bucket, const std::string& key,
                                  std::string_view value) override;
  Result<std::uint64_t> do_put(const std::string& bucket, const std::string& key,
                               std::string_view value) override;
  Result<std::uint64_t> do_update(const std::string& bucket, const std::string& key,
                                  std::string_view value, std::uint64_t revision) override;
  Status do_remove(const std::string& bucket, const std::string& key) override;
  Result<std::vector<KeyValue>> do_list(const std::string& bucket) override;
  Result<std::unique_ptr<Watch>> do_watch(const std::string& bucket,
                                          const std::string& pattern) override;

  std::unique_ptr<Link> link_;
  std::mutex mutex_;  // of answerers_
  std::list<std::unique_ptr<Answerer>> answerers_;
};

}  // namespace isojoule::fleet
