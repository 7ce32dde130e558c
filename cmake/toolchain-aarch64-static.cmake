# 64-bit ARM with Debian's cross compiler (package g++-aarch64-linux-gnu), or natively on such a board.
include(${CMAKE_CURRENT_LIST_DIR}/StaticToolchain.cmake)
isojoule_static_toolchain(aarch64)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
