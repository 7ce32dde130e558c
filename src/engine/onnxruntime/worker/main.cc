// isojoule-engine-onnxruntime: started by isojoule, which sends one job over descriptor 3.
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "engine/onnxruntime/worker/inference.h"
#include "engine/onnxruntime/worker/runtime.h"

namespace {

isojoule::Status run(const isojoule::Job& job, isojoule::WorkerChannel& channel) {
  ISOJOULE_TRY(const isojoule::Runtime runtime, isojoule::load_runtime());
  channel.note("engine", "onnxruntime " + runtime.version);
  channel.note("library", runtime.path);
  return isojoule::run_job(job, channel);
}

// "key=value" lines for `isojoule probe`.
int describe() {
  const auto runtime = isojoule::load_runtime();
  if (!runtime) {
    std::fprintf(stderr, "%s\n", isojoule::to_string(runtime.error()).c_str());
    return 1;
  }
  std::printf("version=%s\nlibrary=%s\n", runtime->version.c_str(), runtime->path.c_str());
  std::fflush(stdout);
  _exit(0);  // as below: without the library's own clearing up
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--describe") == 0) return describe();
  isojoule::WorkerChannel channel;
  const isojoule::Result<isojoule::Job> job = channel.receive_job();
  if (!job) {
    // Without a job there may be nobody at the other end; started by hand, this is what one sees.
    std::fprintf(stderr, "%s\n", isojoule::to_string(job.error()).c_str());
    if (job.error().kind != isojoule::ErrorKind::io) channel.failed(job.error());
    return 2;
  }
  const isojoule::Status status = run(*job, channel);
  if (status)
    channel.finished();
  else
    channel.failed(status.error());
  // Without the library's own clearing up at exit: what matters was torn down in its phase, and a
  // crash there would say nothing about the run.
  _exit(status ? 0 : 1);
}
