// A process of its own that puts the board back when the program dies, in whatever way.
//
// The two are joined by a pipe: the program writes one byte when it has restored the board itself;
// an end of the pipe without that byte is its death. The keeper is in a session of its own, ignores
// the signals of a terminal and of an orderly shutdown, holds no file of the program's, and does
// nothing until then.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"

namespace isojoule {

struct KeeperOptions {
  std::string program;  // the isojoule program, started as `PROGRAM keeper ...`; "" = no keeper
  std::string root;     // of the tree ("" = /)
  std::string journal;
  std::string lock;  // "" = none
  // The program that is kept: a journal that is another's by then is not touched.
  std::int64_t process = 0;
  std::int64_t process_start = 0;  // in clock ticks since boot
};

class Keeper {
 public:
  // The journal may be written later, before the first write to the board. Errors: not_found,
  // permission_denied (the program), io.
  static Result<std::unique_ptr<Keeper>> start(const KeeperOptions& options);
  // Tells it that all is done, and waits for its end.
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // Ends the pipe without the word, as the program's death would: the keeper restores as soon as it
  // gets the lock. Does not wait for it.
  void abandon();
  // False when somebody killed it.
  bool is_alive();

 private:
  Keeper(pid_t process, int pipe) : process_(process), pipe_(pipe) {}
  pid_t process_;
  int pipe_;
  bool gone_ = false;
};

// The descriptor on which a keeper finds its end of the pipe.
inline constexpr int kKeeperPipe = 3;

// Behind the journal's name: why a keeper could not restore.
inline constexpr const char* kKeeperErrorSuffix = ".error";

// What the keeper process does: waits, and restores if the other end died, however long another
// program has the board by then. Returns when it is done, or when that is no longer its business:
// the journal is gone or another program's.
// Errors: of restoring; the journal then stays for `isojoule restore`.
Status keep(const KeeperOptions& options);

}  // namespace isojoule
