// Things of libnats that are destroyed with their owner.
#pragma once

#include <nats/nats.h>

#include <memory>

namespace isojoule::fleet {

template <auto Destroy>
struct NatsDestroy {
  template <typename T>
  void operator()(T* thing) const {
    Destroy(thing);
  }
};

using NatsMessage = std::unique_ptr<natsMsg, NatsDestroy<natsMsg_Destroy>>;
using NatsSubscription = std::unique_ptr<natsSubscription, NatsDestroy<natsSubscription_Destroy>>;
using NatsOptions = std::unique_ptr<natsOptions, NatsDestroy<natsOptions_Destroy>>;
using NatsConnection = std::unique_ptr<natsConnection, NatsDestroy<natsConnection_Destroy>>;
using NatsContext = std::unique_ptr<jsCtx, NatsDestroy<jsCtx_Destroy>>;
using NatsInbox = std::unique_ptr<natsInbox, NatsDestroy<natsInbox_Destroy>>;
using NatsPubAck = std::unique_ptr<jsPubAck, NatsDestroy<jsPubAck_Destroy>>;
using NatsStreamInfo = std::unique_ptr<jsStreamInfo, NatsDestroy<jsStreamInfo_Destroy>>;
using NatsConsumerInfo = std::unique_ptr<jsConsumerInfo, NatsDestroy<jsConsumerInfo_Destroy>>;
using NatsConsumerNames =
    std::unique_ptr<jsConsumerNamesList, NatsDestroy<jsConsumerNamesList_Destroy>>;
using NatsAccountInfo = std::unique_ptr<jsAccountInfo, NatsDestroy<jsAccountInfo_Destroy>>;
using NatsBucket = std::unique_ptr<kvStore, NatsDestroy<kvStore_Destroy>>;

}  // namespace isojoule::fleet
