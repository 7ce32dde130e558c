#include "data/packed_bytes.h"

#include <zstd.h>

#include <memory>
#include <new>

namespace isojoule {
namespace {

constexpr std::size_t kBlock = std::size_t{128} << 10;
constexpr std::size_t kLeastOfBlock = 4;

tl::unexpected<Error> no_frame(const std::string& why) {
  return fail(ErrorKind::damaged, "packed bytes: " + why, "Take them from where they were made");
}

}  // namespace

Result<std::size_t> unpacked_size(std::span<const std::byte> frame, std::size_t most) {
  const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN)
    return no_frame("no frame of zstd that says its length");
  if (size > most) return no_frame("they would become longer than is allowed");
  if (size / kBlock > frame.size() / kLeastOfBlock)
    return no_frame("they claim a length that they cannot have");
  return static_cast<std::size_t>(size);
}

std::string pack_bytes(std::string_view bytes) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(),
                                                                     ZSTD_freeCCtx);
  if (context == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, 1);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size =
      ZSTD_compress2(context.get(), frame.data(), frame.size(), bytes.data(), bytes.size());
  // The bound holds for every input; what is left is memory that ran out.
  if (ZSTD_isError(size)) throw std::bad_alloc();
  frame.resize(size);
  return frame;
}

bool is_packed(std::string_view bytes) { return bytes.starts_with("\x28\xB5\x2F\xFD"); }

Result<std::string> unpack_bytes(std::string_view frame, std::size_t most) {
  ISOJOULE_TRY(const std::size_t size, unpacked_size(std::as_bytes(std::span(frame)), most));
  std::string bytes(size, '\0');
  const std::size_t got = ZSTD_decompress(bytes.data(), bytes.size(), frame.data(), frame.size());
  if (ZSTD_isError(got)) return no_frame(ZSTD_getErrorName(got));
  if (got != size) return no_frame("shorter than they say");
  return bytes;
}

}  // namespace isojoule
