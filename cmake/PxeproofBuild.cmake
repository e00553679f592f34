# How every target here is built, and the two functions that make them.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# assert states what we guarantee ourselves; it is on in Release too.
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")

add_library(pxeproof_flags INTERFACE)
target_compile_options(pxeproof_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
target_include_directories(pxeproof_flags INTERFACE ${CMAKE_SOURCE_DIR})
# GCC 12's optimiser warns of accesses inside libstdc++ and fmt that cannot happen (GCC bugs 105329, 105651, 106199);
# the debug build, where these warnings see the code as written, keeps them.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  set(false_warnings -Wno-array-bounds -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow
                     -Wno-stringop-overread)
  target_compile_options(pxeproof_flags INTERFACE ${false_warnings})
  target_link_options(pxeproof_flags INTERFACE ${false_warnings})  # the linker compiles, too (below)
endif()
if(PXEPROOF_SANITIZE)
  # A null pointer is AddressSanitizer's to find, and buffers are never cast to structs: without these four checks the
  # compiler needs half the time.
  target_compile_options(pxeproof_flags INTERFACE
                         -fsanitize=address,undefined -fno-sanitize=null,alignment,object-size,vptr
                         -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(pxeproof_flags INTERFACE -fsanitize=address,undefined)
endif()

# module(NAME SOURCES a.cpp ... DEPENDS other-module-or-library ...): one folder, one static library pxeproof_NAME.
function(module NAME)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "" "SOURCES;DEPENDS")
  add_library(pxeproof_${NAME} STATIC ${ARG_SOURCES})
  target_link_libraries(pxeproof_${NAME} PUBLIC pxeproof_flags)
  # A packet crosses these folders in dozens of small functions: the linker inlines them.
  if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NAME MATCHES "^(protocol|firmware|server|simclient|lab|live)$")
    set_target_properties(pxeproof_${NAME} PROPERTIES INTERPROCEDURAL_OPTIMIZATION ON)
  endif()
  foreach(dependency ${ARG_DEPENDS})
    if(TARGET pxeproof_${dependency})
      target_link_libraries(pxeproof_${NAME} PUBLIC pxeproof_${dependency})
    else()
      target_link_libraries(pxeproof_${NAME} PUBLIC ${dependency})
    endif()
  endforeach()
endfunction()

# test_binary(NAME SOURCES a_test.cpp ... DEPENDS module ... [LABELS live ...] [LOCK resource]): one GoogleTest program; CTest lists each of its tests.
function(test_binary NAME)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "TIMEOUT;LOCK" "SOURCES;DEPENDS;LABELS")
  add_executable(test_${NAME} ${ARG_SOURCES})
  target_link_libraries(test_${NAME} PRIVATE pxeproof_flags GTest::gmock GTest::gtest_main)
  foreach(dependency ${ARG_DEPENDS})
    target_link_libraries(test_${NAME} PRIVATE pxeproof_${dependency})
  endforeach()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 180)
  endif()
  set(lock)
  if(ARG_LOCK)
    set(lock RESOURCE_LOCK ${ARG_LOCK})
  endif()
  gtest_discover_tests(test_${NAME} TEST_PREFIX "${NAME}/" DISCOVERY_TIMEOUT 30
                       PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}" ${lock})
endfunction()
