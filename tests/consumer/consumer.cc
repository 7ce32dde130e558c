// Prints what the library says of an ONNX file and of a study file; 0 when both could be read.
#include <isojoule/network.h>
#include <isojoule/study.h>
#include <isojoule/version.h>
#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: consumer MODEL.onnx FILE.study\n");
    return 2;
  }
  const auto network = isojoule::describe_network(argv[1], 8);
  if (!network) {
    std::fprintf(stderr, "%s\n", isojoule::to_string(network.error()).c_str());
    return 1;
  }
  std::printf("isojoule %s: %zu layers, %lld MACs at batch 8\n", ISOJOULE_VERSION,
              network->layers.size(), static_cast<long long>(network->macs));
  const auto study = isojoule::read_study(argv[2]);
  if (!study) {
    std::fprintf(stderr, "%s\n", isojoule::to_string(study.error()).c_str());
    return 1;
  }
  std::printf("%s on %s%s: %zu points, %zu comparisons\n", study->name.c_str(),
              study->board.c_str(), study->simulated ? " (simulated)" : "", study->points.size(),
              study->minima.size());
  return study->points.empty() ? 1 : 0;
}
