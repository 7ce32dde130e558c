#include "app/mount/file_system.h"

#define FUSE_USE_VERSION 31
#include <fuse3/fuse.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

namespace isojoule {
namespace {

constexpr off_t kNodeSize = 4096;  // what sysfs shows of a node whose length it does not know

struct Served {
  LiveTwin& twin;
  const MountOptions& options;
  const std::function<void()>& ready;
};

// An open file: the text as it was at the last read from its start.
struct OpenNode {
  std::string text;
};

Served& served() { return *static_cast<Served*>(fuse_get_context()->private_data); }

// libfuse keeps what belongs to an open file as a number.
OpenNode* node_of(fuse_file_info* info) {
  return reinterpret_cast<OpenNode*>(info->fh);  // NOLINT(performance-no-int-to-ptr)
}

int errno_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::not_found: return ENOENT;
    case ErrorKind::permission_denied: return EACCES;
    case ErrorKind::no_data: return ENODATA;
    case ErrorKind::invalid:
    case ErrorKind::parse: return EINVAL;
    case ErrorKind::out_of_range: return ERANGE;
    case ErrorKind::read_only: return EROFS;
    case ErrorKind::disk_full: return ENOSPC;
    case ErrorKind::busy: return EBUSY;
    case ErrorKind::timeout: return ETIMEDOUT;
    case ErrorKind::unsupported: return EOPNOTSUPP;
    default: return EIO;
  }
}

// A link that leads to "/sys/..." must stay below the mount: "../../sys/...", from its own folder.
std::string relative_target(std::string_view path, const std::string& target) {
  if (target.empty() || target.front() != '/') return target;
  std::string up;
  for (std::size_t at = path.find('/', 1); at != std::string_view::npos;
       at = path.find('/', at + 1))
    up += "../";
  return up + target.substr(1);
}

// A job that failed leaves an idle board; the reader of a node is not the one to be told.
MemoryTree& tree_now() {
  (void)served().twin.catch_up();
  return served().twin.tree();
}

int get_attributes(const char* path, struct stat* out, fuse_file_info*) {
  const auto status = served().twin.tree().status(path);
  if (!status) return -errno_of(status.error());
  std::memset(out, 0, sizeof *out);
  using Kind = MemoryTree::NodeStatus::Kind;
  const mode_t type = status->kind == Kind::directory ? S_IFDIR
                      : status->kind == Kind::link    ? S_IFLNK
                                                      : S_IFREG;
  out->st_mode = type | static_cast<mode_t>(status->mode);
  out->st_nlink = status->kind == Kind::directory ? 2 : 1;
  out->st_size = status->kind == Kind::link
                     ? static_cast<off_t>(relative_target(path, status->target).size())
                     : kNodeSize;
  out->st_uid = served().options.own ? ::getuid() : 0;
  out->st_gid = served().options.own ? ::getgid() : 0;
  return 0;
}

int read_link(const char* path, char* buffer, std::size_t size) {
  const auto status = served().twin.tree().status(path);
  if (!status) return -errno_of(status.error());
  if (status->kind != MemoryTree::NodeStatus::Kind::link) return -EINVAL;
  const std::string target = relative_target(path, status->target);
  const std::size_t length = std::min(target.size(), size - 1);
  std::memcpy(buffer, target.data(), length);
  buffer[length] = '\0';
  return 0;
}

int read_folder(const char* path, void* buffer, fuse_fill_dir_t fill, off_t, fuse_file_info*,
                fuse_readdir_flags) {
  const auto names = tree_now().list(path);
  if (!names) return -errno_of(names.error());
  for (const char* own : {".", ".."}) fill(buffer, own, nullptr, 0, fuse_fill_dir_flags{});
  for (const auto& name : *names) fill(buffer, name.c_str(), nullptr, 0, fuse_fill_dir_flags{});
  return 0;
}

int open_node(const char* path, fuse_file_info* info) {
  const auto status = tree_now().status(path);
  if (!status) return -errno_of(status.error());
  info->direct_io = 1;  // no page cache: every read asks the node
  info->fh = reinterpret_cast<std::uint64_t>(new OpenNode);
  return 0;
}

int read_node(const char* path, char* buffer, std::size_t size, off_t offset,
              fuse_file_info* info) {
  OpenNode& node = *node_of(info);
  if (offset == 0) {
    auto text = tree_now().read(path);
    if (!text) return -errno_of(text.error());
    node.text = std::move(*text);
  }
  const auto begin = static_cast<std::size_t>(offset);
  if (begin >= node.text.size()) return 0;
  return static_cast<int>(node.text.copy(buffer, size, begin));
}

int write_node(const char* path, const char* buffer, std::size_t size, off_t, fuse_file_info*) {
  const auto status = tree_now().write(path, std::string_view(buffer, size));
  return status ? static_cast<int>(size) : -errno_of(status.error());
}

int truncate_node(const char* path, off_t, fuse_file_info*) {
  const auto status = served().twin.tree().status(path);
  return status ? 0 : -errno_of(status.error());  // `>` opens with O_TRUNC; a node has no length
}

int close_node(const char*, fuse_file_info* info) {
  delete node_of(info);
  return 0;
}

void* begin(fuse_conn_info*, fuse_config* config) {
  // Nodes come and go with the board's state (userspace/, offline policies): nothing is kept.
  config->attr_timeout = config->entry_timeout = config->negative_timeout = 0;
  config->direct_io = 1;
  config->nullpath_ok = 0;
  served().ready();
  return &served();
}

fuse_operations operations() {
  fuse_operations list{};
  list.getattr = get_attributes;
  list.readlink = read_link;
  list.readdir = read_folder;
  list.open = open_node;
  list.read = read_node;
  list.write = write_node;
  list.truncate = truncate_node;
  list.release = close_node;
  list.init = begin;
  return list;
}

Status check_folder(const std::string& folder) {
  std::error_code code;
  if (!std::filesystem::exists(folder, code))
    return fail(ErrorKind::not_found, folder + ": no such folder",
                "Make it first: mkdir " + folder);
  if (!std::filesystem::is_directory(folder, code))
    return fail(ErrorKind::invalid, folder + ": not a folder");
  if (!std::filesystem::is_empty(folder, code))
    return fail(ErrorKind::invalid, folder + ": is not empty, and what is in it would be hidden",
                "Name an empty folder, or unmount what is there: fusermount3 -u " + folder);
  if (::access("/dev/fuse", R_OK | W_OK) != 0)
    return tl::unexpected<Error>(error_from_errno(errno, "/dev/fuse", "open"));
  return {};
}

}  // namespace

Status serve(LiveTwin& twin, const MountOptions& options, const std::function<void()>& ready) {
  ISOJOULE_CHECK(check_folder(options.folder));
  // default_permissions: the kernel checks the modes, as on the board. Root's mounts are for all.
  std::string how = "default_permissions,fsname=isojoule-twin,subtype=isojoule";
  if (::geteuid() == 0) how += ",allow_other";
  std::string program = "isojoule-twin-mount", flag = "-o";
  char* arguments[] = {program.data(), flag.data(), how.data(), nullptr};
  fuse_args args = FUSE_ARGS_INIT(3, arguments);
  const fuse_operations list = operations();
  Served state{twin, options, ready};
  const std::unique_ptr<fuse, void (*)(fuse*)> handle(fuse_new(&args, &list, sizeof list, &state),
                                                      [](fuse* one) {
                                                        if (one != nullptr) fuse_destroy(one);
                                                      });
  fuse_opt_free_args(&args);
  if (!handle) return fail(ErrorKind::io, "FUSE does not start", {}, "fuse_new");
  if (fuse_mount(handle.get(), options.folder.c_str()) != 0)
    return fail(ErrorKind::io, options.folder + ": cannot be mounted",
                "Unmount what is there (fusermount3 -u " + options.folder +
                    "); an ordinary user needs the package fuse3",
                "fuse_mount");
  Status status;
  if (fuse_daemonize(options.background ? 0 : 1) != 0) status = fail(ErrorKind::io, "fork", {}, "");
  fuse_session* session = fuse_get_session(handle.get());
  if (status && fuse_set_signal_handlers(session) == 0) {
    const int result = fuse_loop(handle.get());
    if (result < 0)
      status = tl::unexpected<Error>(error_from_errno(-result, options.folder, "serve"));
    fuse_remove_signal_handlers(session);
  }
  fuse_unmount(handle.get());
  return status;
}

}  // namespace isojoule
