# x86-64 with the machine's own compiler.
include(${CMAKE_CURRENT_LIST_DIR}/StaticToolchain.cmake)
isojoule_static_toolchain(x86-64)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER x86_64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER x86_64-linux-gnu-g++)
