# Fleets over NATS: libnats (3.3 or later: buckets, direct gets) and OpenSSL's libcrypto (SHA-256, nkeys).
# Without them everything else is built, and `Bus::connect` says what is lacking.
#
# A static build has no libnats in its sysroot's Debian packages: whoever builds it from source defines
# the target `isojoule_nats` (INTERFACE, with its headers and libcrypto) before this is included.
option(ISOJOULE_NATS "Fleets over NATS, where libnats and OpenSSL's libcrypto are there" ON)

function(isojoule_find_nats)
  if(TARGET isojoule_nats)
    return()
  endif()
  find_path(NATS_INCLUDE nats/nats.h)
  find_library(NATS_LIBRARY nats)
  find_package(OpenSSL QUIET COMPONENTS Crypto)
  set(lacking "")
  if(NOT NATS_INCLUDE OR NOT NATS_LIBRARY)
    list(APPEND lacking "libnats (libnats-dev)")
  else()
    file(STRINGS ${NATS_INCLUDE}/nats/nats.h found REGEX "js_DirectGetMsg\\(")
    file(STRINGS ${NATS_INCLUDE}/nats/nats.h fetch REGEX "ExpectNoMessage")
    if(NOT found OR NOT fetch)
      list(APPEND lacking "libnats 3.3 or later (libnats-dev)")
    endif()
  endif()
  if(NOT TARGET OpenSSL::Crypto)
    list(APPEND lacking "OpenSSL's libcrypto (libssl-dev)")
  endif()
  if(lacking)
    list(JOIN lacking " and " words)
    message(STATUS "fleets (agent, sweep --fleet, fleet): not built: needs ${words}")
    return()
  endif()
  add_library(isojoule_nats INTERFACE)
  target_include_directories(isojoule_nats SYSTEM INTERFACE ${NATS_INCLUDE})
  target_link_libraries(isojoule_nats INTERFACE ${NATS_LIBRARY} OpenSSL::Crypto)
endfunction()

# The sources of src/fleet/nats are out of the library where it is not to be had.
if(ISOJOULE_NATS AND NOT "fleet" IN_LIST ISOJOULE_WITHOUT)
  isojoule_find_nats()
endif()
