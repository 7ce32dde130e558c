#include "fleet/catalogue.h"
#include "fleet/name.h"

namespace isojoule::fleet {

namespace {

constexpr Duration kOneDay = Duration::milliseconds(86'400'000);
constexpr Duration kRunAge =
    kOneDay * 90;  // a study that nobody collected for so long is forgotten

}  // namespace

Status set_up(Bus& bus, int replicas) {
  const std::vector<StreamSpec> streams = {
      {.name = kBlocks, .subjects = {"isojoule.block.>"}, .work_queue = true},
      {.name = kRuns, .subjects = {"isojoule.run.>"}, .age = kRunAge},
      {.name = kObjects, .subjects = {"isojoule.object.>"}, .age = kRunAge}};
  for (const StreamSpec& stream : streams) ISOJOULE_CHECK(bus.make_stream(stream, replicas));
  const std::vector<BucketSpec> buckets = {{.name = kCards},  {.name = kPulses, .age = kPulseAge},
                                           {.name = kOrders}, {.name = kStudies},
                                           {.name = kJoins},  {.name = kTroubles}};
  for (const BucketSpec& bucket : buckets) ISOJOULE_CHECK(bus.make_bucket(bucket, replicas));
  return {};
}

}  // namespace isojoule::fleet
