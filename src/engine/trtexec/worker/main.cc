// isojoule-engine-trtexec: started by isojoule, which sends one job over descriptor 3. It runs no
// network itself, so that it keeps its own course instead of worker_run.h's: the phases are those
// of trtexec's processes.
#include <fcntl.h>

#include <cstdio>
#include <cstring>

#include "engine/trtexec/program.h"
#include "engine/trtexec/run.h"

namespace {

// "key=value" lines for `isojoule probe`.
int describe() {
  const auto path = isojoule::trtexec::find_program("");
  const auto program = path.and_then(
      [](const std::string& found) { return isojoule::trtexec::probe_program(found); });
  if (!program) {
    std::fprintf(stderr, "%s\n", isojoule::to_string(program.error()).c_str());
    return 1;
  }
  const std::string version =
      program->version ? isojoule::trtexec::to_string(*program->version) : "unknown";
  std::printf("version=%s\nprogram=%s\n", version.c_str(), program->path.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--describe") == 0) return describe();
  // Not trtexec's: it must not keep the channel open when this program is gone.
  fcntl(isojoule::kWorkerDescriptor, F_SETFD, FD_CLOEXEC);
  isojoule::WorkerChannel channel;
  const isojoule::Result<isojoule::Job> job = channel.receive_job();
  if (!job) {
    // Without a job there may be nobody at the other end; started by hand, this is what one sees.
    std::fprintf(stderr, "%s\n", isojoule::to_string(job.error()).c_str());
    if (job.error().kind != isojoule::ErrorKind::io) channel.failed(job.error());
    return 2;
  }
  const isojoule::Status status = isojoule::trtexec::run_job(*job, channel);
  if (status)
    channel.finished();
  else
    channel.failed(status.error());
  return status ? 0 : 1;
}
