// isojoule-engine-onnxruntime: started by isojoule, which sends one job over descriptor 3.
#include "base/text.h"
#include "engine/onnxruntime/worker/api.h"
#include "engine/onnxruntime/worker/network.h"
#include "engine/worker_run.h"

namespace isojoule {
namespace {

Result<std::unique_ptr<WorkerNetwork>> open(const Job& job, const CommonOptions& common) {
  ISOJOULE_TRY(Runtime runtime, load_runtime());
  return open_network(job, common, std::move(runtime));
}

Result<std::map<std::string, std::string>> describe() {
  ISOJOULE_TRY(const Runtime runtime, load_runtime());
  return std::map<std::string, std::string>{{"version", runtime.version},
                                            {"library", runtime.path},
                                            {"providers", join(Ort::GetAvailableProviders(), " ")}};
}

}  // namespace
}  // namespace isojoule

int main(int argc, char** argv) {
  return isojoule::worker_main(argc, argv, {"onnxruntime", isojoule::open, isojoule::describe});
}
