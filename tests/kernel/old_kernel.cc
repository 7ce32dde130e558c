#include "old_kernel.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>

#include "base/file_tree.h"

namespace isojoule::kernel_test {
namespace {

// The last number of include/uapi/asm-generic/unistd.h in Linux 4.9 is that of pkey_free; 64-bit
// ARM has that table and no other.
constexpr unsigned kLast = 290;

}  // namespace

Status forget_newer_system_calls() {
#ifdef __aarch64__
  static_assert(kLast == __NR_pkey_free);
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, kLast, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{std::size(program), program};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
    return tl::unexpected<Error>(error_from_errno(errno, "seccomp", "prctl"));
  return {};
#else
  return fail(ErrorKind::unsupported, "only 64-bit ARM's system calls are known here", "");
#endif
}

}  // namespace isojoule::kernel_test
