// isojoule-engine-opencv: started by isojoule, which sends one job over descriptor 3.
#include <opencv2/core/utility.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>

#include "engine/opencv/worker/guarded.h"
#include "engine/opencv/worker/network.h"
#include "engine/worker_run.h"

namespace isojoule {
namespace {

Result<std::map<std::string, std::string>> describe() {
  return guarded(ErrorKind::engine, []() -> Result<std::map<std::string, std::string>> {
    const bool cuda = !cv::dnn::getAvailableTargets(cv::dnn::DNN_BACKEND_CUDA).empty();
    return std::map<std::string, std::string>{{"version", CV_VERSION},
                                              {"targets", cuda ? "CPU CUDA" : "CPU"},
                                              {"threads", std::to_string(cv::getNumThreads())}};
  });
}

}  // namespace
}  // namespace isojoule

int main(int argc, char** argv) {
  // What it would log comes as an exception, too, and that is told as this program's own error.
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  return isojoule::worker_main(argc, argv, {"opencv", isojoule::open_network, isojoule::describe});
}
