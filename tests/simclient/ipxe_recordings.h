#pragma once

#include <string>
#include <utility>
#include <vector>

namespace pxeproof::rom {

// What iPXE 1.0.0+git-20190125 (Debian's BIOS ROM) asked for in QEMU when it booted these scripts
// from 10.0.2.2, to 10.0.2.15, 52:54:00:12:34:56; without the first script itself.
struct IpxeRecording {
  const char* name;
  const char* boot_file;
  std::vector<std::pair<std::string, std::string>> texts;  // path and content
  std::vector<std::string> kernels;                        // copies of memtest86+
  std::vector<std::string> asked_for;
};

inline const std::vector<IpxeRecording>& ipxe_recordings() {
  static const std::vector<IpxeRecording> recordings = {
      {"relative names",
       "dir/boot.ipxe",
       {{"dir/boot.ipxe", "#!ipxe\nchain sub/next.ipxe || echo failed\n"},
        {"dir/i2",
         "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
         "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
         "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
         "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
         "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
         "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
         "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
         "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
         "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
         "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
         "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
         "yyyyyyyyyyyyyyyyyyyyy"},
        {"dir/sub/i1",
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
         "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"},
        {"dir/sub/next.ipxe",
         "#!ipxe\nisset ${foo} || goto l2\necho no\n:l1\nkernel nok\n:l2\nkernel /mt quiet\ninitrd "
         "i1\nimgfetch --name x ../i2\nmodule tftp://${next-server}/i3 || echo none\nboot\n"},
        {"i3",
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "xxxxxxxxxxx"}},
       {"mt"},
       {"dir/sub/next.ipxe", "mt", "dir/sub/i1", "dir/i2", "i3"}},
      {"settings and menus",
       "boot.ipxe",
       {{"boot.ipxe",
         "#!ipxe\nset base tftp://${next-server}/x\nset n:int32 5\ninc n\nisset ${net0/mac} && "
         "chain --autofree ${base}/${net0/mac:hexhyp}.ipxe || \niseq ${n} 6 && imgfetch "
         "${n}-${n:hex}-${n:hexraw}.a ||\nimgfetch ${uuid}.b ||\nimgfetch "
         "${net0/ip}-${ip}-${netmask}-${gateway}-${dns}-${next-server}-${dhcp-server}.c "
         "||\nimgfetch "
         "${filename}-${platform}-${buildarch}-${user-class}-${manufacturer:uristring}-${asset}-${"
         "serial}.d ||\nimgfetch "
         "${mac}-${mac:hexraw}-${hostname}-${domain}-${busid}-${chip}-${version}.e ||\nimgfetch "
         "${67:string}-${1:ipv4}-${54:ipv4}-${netX/mac:hexhyp}-${net0.dhcp/filename}.f ||\nset "
         "menu-timeout 1000\nmenu Title\nitem --gap -- gap\nitem one One\nitem --default two "
         "Two\nchoose --default two --timeout ${menu-timeout} sel && goto ${sel} || goto "
         "fail\n:one\nimgfetch one\n:two\nimgfetch two ||\n:fail\nset ok 1\niseq ${ok} 1 && goto t "
         "|| goto u\n:t\nimgfetch t || imgfetch t2 || kernel mt ; echo hi\n:u\nclear ok\nisset "
         "${ok} || imgfetch u ||\nprompt --timeout 500 hello && imgfetch pressed || imgfetch "
         "notpressed ||\nset a ${b}${c}x\nimgfetch a%20${a} || imgfetch \"quo ted\" || imgfetch "
         "x\\${d}y ||\nimgstat\nkernel mt a=${a}\nboot || shell\n"}},
       {"mt"},
       {"x/52-54-00-12-34-56.ipxe", "00000000-0000-0000-0000-000000000000.b",
        "10.0.2.15-10.0.2.15-255.255.255.0-10.0.2.2-10.0.2.3-10.0.2.2-10.0.2.2.c",
        "boot.ipxe-pcbios-i386--QEMU--.d",
        "boot.ipxe-255.255.255.0-10.0.2.2-52-54-00-12-34-56-boot.ipxe.f", "two", "t", "t2", "mt",
        "u", "notpressed", "a x", "\"quo", "x\\y"}},
      {"a missing script",
       "boot.ipxe",
       {{"boot.ipxe", "#!ipxe\nchain nothere.ipxe\nchain never.ipxe\n"}},
       {"mt"},
       {"nothere.ipxe"}},
      {"exit",
       "boot.ipxe",
       {{"a.ipxe", "#!ipxe\nimgfetch a1 ||\nexit 1\nimgfetch a2\n"},
        {"b.ipxe", "#!ipxe\nimgfetch b1 ||\nexit\n"},
        {"boot.ipxe", "#!ipxe\nchain a.ipxe ||\nchain b.ipxe\nkernel mt\n"}},
       {"mt"},
       {"a.ipxe", "a1", "b.ipxe", "b1", "mt"}},
      {"another DHCP session",
       "boot.ipxe",
       {{"boot.ipxe", "#!ipxe\ndhcp\nkernel mt ${net0/ip}\nboot\n"}},
       {"mt"},
       {"mt"}},
      {"autoboot",
       "boot.ipxe",
       {{"boot.ipxe", "#!ipxe\nset filename other.ipxe\nautoboot\n"},
        {"other.ipxe", "#!ipxe\nkernel mt\nboot\n"}},
       {"mt"},
       {"other.ipxe", "mt"}},
      {"goto for ever",
       "boot.ipxe",
       {{"boot.ipxe", "#!ipxe\n:retry\nchain x.ipxe || goto retry\n"}},
       {"mt"},
       {"x.ipxe", "x.ipxe", "x.ipxe", "x.ipxe", "x.ipxe", "x.ipxe", "x.ipxe", "x.ipxe", "x.ipxe"}},
      {"other protocols",
       "boot.ipxe",
       {{"boot.ipxe",
         "#!ipxe\nchain http://10.0.2.2:8099/x.ipxe ||\nsanboot --filename /x "
         "http://10.0.2.2:8099/y ||\nsanboot iscsi:10.0.2.2::::iqn.x ||\nkernel mt\nboot\n"}},
       {"mt"},
       {"mt"}},
  };
  return recordings;
}

}  // namespace pxeproof::rom
