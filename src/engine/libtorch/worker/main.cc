// isojoule-engine-libtorch: started by isojoule, which sends one job over descriptor 3.
#include "engine/libtorch/worker/device.h"
#include "engine/libtorch/worker/faults.h"
#include "engine/libtorch/worker/network.h"
#include "engine/worker_run.h"

namespace {

isojoule::Result<std::map<std::string, std::string>> describe() {
  return isojoule::libtorch::guarded([] { return isojoule::libtorch::describe_library(); });
}

}  // namespace

int main(int argc, char** argv) {
  return isojoule::worker_main(argc, argv,
                               {"libtorch", isojoule::libtorch::open_network, describe});
}
