#include "fleet/nats/nats_bus.h"
#include "fleet/nats/publish.h"

namespace isojoule::fleet {

namespace {

Result<NatsStreamInfo> stream_info(const Link& link, const std::string& stream,
                                   const std::string& subjects) {
  NatsStreamInfo info;
  const auto failure = link.request(stream, [&](std::int64_t wait_ms, jsErrCode* code) {
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = wait_ms;
    if (!subjects.empty()) options.Stream.Info.SubjectsFilter = subjects.c_str();
    jsStreamInfo* found = nullptr;
    const natsStatus status =
        js_GetStreamInfo(&found, link.context(), stream.c_str(), &options, code);
    info.reset(found);
    return status;
  });
  if (failure) return failed("cannot look up the stream '" + stream + "'", *failure);
  return info;
}

}  // namespace

Status NatsBus::do_make_stream(const StreamSpec& spec, int replicas) {
  const auto there = stream_info(*link_, spec.name, {});
  if (there) return {};
  if (there.error().kind != ErrorKind::not_found) return tl::unexpected(there.error());
  std::vector<const char*> subjects;
  for (const std::string& subject : spec.subjects) subjects.push_back(subject.c_str());
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  config.Name = spec.name.c_str();
  config.Subjects = subjects.data();
  config.SubjectsLen = static_cast<int>(subjects.size());
  config.Retention = spec.work_queue ? js_WorkQueuePolicy : js_LimitsPolicy;
  config.MaxAge = spec.age.ns;
  config.Duplicates =
      spec.age.ns > 0 ? std::min(spec.age, spec.duplicate_window).ns : spec.duplicate_window.ns;
  config.AllowDirect = spec.direct;
  config.Replicas = replicas;
  const auto failure = link_->request(spec.name, [&](std::int64_t wait_ms, jsErrCode* code) {
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = wait_ms;
    return js_AddStream(nullptr, link_->context(), &config, &options, code);
  });
  if (!failure || failure->code == JSStreamNameExistErr) return {};  // made by another just now
  return failed("cannot make the stream '" + spec.name + "'", *failure);
}

Status NatsBus::do_make_bucket(const BucketSpec& spec, int replicas) {
  const auto there = stream_info(*link_, "KV_" + spec.name, {});
  if (there) return {};
  if (there.error().kind != ErrorKind::not_found) return tl::unexpected(there.error());
  kvConfig config;
  kvConfig_Init(&config);
  config.Bucket = spec.name.c_str();
  config.History = 1;
  config.TTL = spec.age.ns;
  config.StorageType = js_FileStorage;
  config.Replicas = replicas;
  const auto failure = link_->request("KV_" + spec.name, [&](std::int64_t, jsErrCode* code) {
    kvStore* made = nullptr;
    const natsStatus status = js_CreateKeyValue(&made, link_->context(), &config);
    const NatsBucket owned(made);
    if (status == NATS_OK) return status;
    // libnats keeps the server's number to itself.
    const char* words = nats_GetLastError(nullptr);
    const std::string text = words == nullptr ? "" : words;
    if (text.find("already in use") != std::string::npos) return NATS_OK;
    if (text.find("replicas > 1 not supported") != std::string::npos)
      *code = JSStreamReplicasNotSupportedErr;
    return status;
  });
  if (failure) return failed("cannot make the bucket '" + spec.name + "'", *failure);
  return {};
}

Result<Stored> NatsBus::do_publish(const std::string& subject, std::string_view bytes,
                                   const PublishOptions& options) {
  return publish_message(*link_,
                         {.subject = subject, .bytes = bytes, .options = options, .operation = {}});
}

Result<std::map<std::string, std::uint64_t>> NatsBus::do_subjects(const std::string& stream,
                                                                  const std::string& filter) {
  ISOJOULE_TRY(const NatsStreamInfo info,
               stream_info(*link_, stream, filter.empty() ? ">" : filter));
  std::map<std::string, std::uint64_t> subjects;
  if (info->State.Subjects != nullptr)
    for (int i = 0; i < info->State.Subjects->Count; ++i)
      subjects.emplace(info->State.Subjects->List[i].Subject, info->State.Subjects->List[i].Msgs);
  return subjects;
}

Result<BusMessage> NatsBus::do_last(const std::string& stream, const std::string& subject) {
  ISOJOULE_TRY(LastMessage last, last_message(*link_, stream, subject));
  return std::move(last.message);
}

Status NatsBus::do_purge(const std::string& stream, const std::string& filter) {
  const auto failure = link_->request(stream, [&](std::int64_t wait_ms, jsErrCode* code) {
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = wait_ms;
    if (!filter.empty()) options.Stream.Purge.Subject = filter.c_str();
    return js_PurgeStream(link_->context(), stream.c_str(), &options, code);
  });
  if (failure) return failed("cannot purge '" + stream + "'", *failure);
  return {};
}

}  // namespace isojoule::fleet
