#pragma once

#include <array>
#include <string_view>

// Configurations as they are found in the field (facts/server.md 6.3): written from the
// descriptions in the projects' documentation and threads, not copied from anywhere.

namespace pxeproof::server {

struct ExampleConfiguration {
  std::string_view name;
  std::string_view text;
};

// The article's, word for word.
inline constexpr std::string_view kArticle = R"(# Disable DNS Server
port=0
# Enable DHCP logging
log-dhcp
# Respond to PXE requests for the specified network;
# run as DHCP proxy
dhcp-range=192.168.178.0,proxy
dhcp-boot=pxelinux.0
# Provide network boot option called "Network Boot".
pxe-service=x86PC,"Network Boot",pxelinux
enable-tftp
tftp-root=/var/lib/tftpboot
)";

inline constexpr std::string_view kFog =
    R"(# FOG with a proxy, for a router whose DHCP cannot be changed
# Don't function as a DNS server:
port=0
# Log lots of extra information about DHCP transactions.
log-dhcp
# Set the root directory for files available via FTP.
tftp-root=/tftpboot
# The boot filename, Server name, Server Ip Address
dhcp-boot=undionly.kpxe,,192.168.10.5
# rebind for clients that need discovery control in every answer
dhcp-option=vendor:PXEClient,6,2b
# Disable re-use of the DHCP servername and filename fields as extra
# option space. That's to avoid confusing some old or broken DHCP clients.
dhcp-no-override
# inspect the vendor class string and match the text to set the tag
dhcp-vendorclass=BIOS,PXEClient:Arch:00000
dhcp-vendorclass=UEFI32,PXEClient:Arch:00006
dhcp-vendorclass=UEFI,PXEClient:Arch:00007
dhcp-vendorclass=UEFI64,PXEClient:Arch:00009
# Set the boot file name based on the matching tag from the vendor class (above)
dhcp-boot=net:UEFI32,i386-efi/ipxe.efi,,192.168.10.5
dhcp-boot=net:UEFI,ipxe.efi,,192.168.10.5
dhcp-boot=net:UEFI64,ipxe.efi,,192.168.10.5
# PXE menu.  The first part is the text displayed to the user.
# The second is the timeout, in seconds.
pxe-prompt="Booting FOG Client", 1
# The known types are x86PC, PC98, IA64_EFI, Alpha, Arc_x86,
# Intel_Lean_Client, IA32_EFI, BC_EFI, Xscale_EFI and X86-64_EFI
pxe-service=X86PC, "Boot to FOG", undionly.kpxe
pxe-service=X86-64_EFI, "Boot to FOG UEFI", ipxe.efi
pxe-service=BC_EFI, "Boot to FOG UEFI PXE-BC", ipxe.efi
dhcp-range=192.168.10.5,proxy
)";

inline constexpr std::string_view kLtsp =
    R"(# LTSP: proxy for the real server's subnets, iPXE for everything but a Raspberry Pi
port=0
bind-dynamic
log-dhcp
dhcp-range=set:proxy,10.161.254.0,proxy,255.255.255.0
dhcp-range=set:proxy,192.168.1.0,proxy,255.255.255.0
dhcp-range=set:dhcp,192.168.67.20,192.168.67.250,8h
tftp-root=/srv/tftp
enable-tftp
dhcp-option=option:root-path,ipxe-menu
dhcp-match=set:iPXE,175
dhcp-mac=set:rpi,b8:27:eb:*:*:*
dhcp-mac=set:rpi,dc:a6:32:*:*:*
dhcp-mac=set:rpi,e4:5f:01:*:*:*
dhcp-match=set:X86PC,option:client-arch,0
dhcp-match=set:X86-64_EFI,option:client-arch,7
dhcp-match=set:X86-64_EFI,option:client-arch,9
tag-if=set:pxe,tag:!iPXE,tag:!rpi
pxe-prompt=tag:pxe,"Press F8 for boot menu",3
pxe-service=tag:rpi,X86PC,"Raspberry Pi Boot   ",unused
pxe-service=tag:!iPXE,tag:!rpi,X86PC,"undionly.kpxe",ltsp/undionly.kpxe
pxe-service=tag:!iPXE,X86-64_EFI,"snponly.efi",ltsp/snponly.efi
pxe-service=tag:!iPXE,BC_EFI,"snponly.efi",ltsp/snponly.efi
pxe-service=tag:iPXE,X86PC,"ltsp.ipxe",ltsp/ltsp.ipxe
pxe-service=tag:iPXE,X86-64_EFI,"ltsp.ipxe",ltsp/ltsp.ipxe
pxe-service=tag:iPXE,BC_EFI,"ltsp.ipxe",ltsp/ltsp.ipxe
dhcp-boot=tag:iPXE,tag:dhcp,ltsp/ltsp.ipxe
dhcp-boot=tag:!iPXE,tag:dhcp,tag:X86PC,ltsp/undionly.kpxe
dhcp-boot=tag:!iPXE,tag:dhcp,tag:X86-64_EFI,ltsp/snponly.efi
)";

inline constexpr std::string_view kPiserver =
    R"(# piserver: Raspberry Pis only, beside the office's DHCP server
bind-dynamic
log-dhcp
log-facility=-
port=0
dhcp-range=192.168.3.1,proxy
pxe-service=0,"Raspberry Pi Boot"
tag-if=set:client_is_a_pi,tag:pi3
tag-if=set:client_is_a_pi,tag:pi4
dhcp-mac=set:pi3,b8:27:eb:*:*:*
dhcp-mac=set:pi4,dc:a6:32:*:*:*
dhcp-ignore=tag:!client_is_a_pi
dhcp-reply-delay=tag:client_is_a_pi,1
enable-tftp
tftp-root=/var/lib/piserver/tftproot
tftp-unique-root=mac
tftp-no-fail
dhcp-hostsdir=/var/lib/piserver/hosts
user=nobody
)";

inline constexpr std::string_view kNetbootXyz =
    R"(# netboot.xyz in a container beside an existing DHCP server
interface=eth0
port=0
dhcp-range=192.168.0.0,proxy
log-queries
log-dhcp
enable-tftp
tftp-root=/config/menus
dhcp-match=set:bios,60,PXEClient:Arch:00000
dhcp-boot=tag:bios,netboot.xyz.kpxe,,192.168.0.33
dhcp-match=set:efi32,60,PXEClient:Arch:00002
dhcp-boot=tag:efi32,netboot.xyz.efi,,192.168.0.33
dhcp-match=set:efi32-1,60,PXEClient:Arch:00006
dhcp-boot=tag:efi32-1,netboot.xyz.efi,,192.168.0.33
dhcp-match=set:efi64,60,PXEClient:Arch:00007
dhcp-boot=tag:efi64,netboot.xyz.efi,,192.168.0.33
dhcp-match=set:efi64-1,60,PXEClient:Arch:00008
dhcp-boot=tag:efi64-1,netboot.xyz.efi,,192.168.0.33
dhcp-match=set:efi64-2,60,PXEClient:Arch:00009
dhcp-boot=tag:efi64-2,netboot.xyz.efi,,192.168.0.33
dhcp-match=set:efi64-3,60,PXEClient:Arch:0000B
dhcp-boot=tag:efi64-3,netboot.xyz-arm64.efi,,192.168.0.33
pxe-service=0,"Raspberry Pi Boot"
pxe-prompt="netboot.xyz",0
)";

inline constexpr std::string_view kIpxeChain = R"(# iPXE by PXE, then a script by HTTP
port=0
dhcp-range=10.0.0.0,proxy
enable-tftp
tftp-root=/srv/tftp
dhcp-match=set:ipxe,175           # iPXE sends a 175 option
dhcp-userclass=set:ipxe,iPXE
pxe-service=tag:!ipxe,x86PC,"iPXE",undionly.kpxe
pxe-service=tag:!ipxe,X86-64_EFI,"iPXE",ipxe.efi
pxe-service=tag:#ipxe,BC_EFI,"iPXE",ipxe.efi
pxe-service=tag:ipxe,x86PC,"Script",http://10.0.0.2/boot.ipxe
pxe-service=tag:ipxe,X86-64_EFI,"Script",http://10.0.0.2/boot.ipxe
pxe-service=tag:ipxe,BC_EFI,"Script",http://10.0.0.2/boot.ipxe
dhcp-boot=tag:ipxe,http://10.0.0.2/boot.ipxe,,10.0.0.2
)";

// An iPXE chain on a router that also does DNS, DHCPv6 and leases.
inline constexpr std::string_view kRouter = R"(domain-needed
bogus-priv
no-resolv
server=9.9.9.9
server=/corp.example/10.9.0.53
local=/lan/
domain=lan
expand-hosts
cache-size=10000
interface=br-lan
except-interface=wan
dhcp-authoritative
dhcp-range=set:lan,192.168.1.100,192.168.1.250,255.255.255.0,12h
dhcp-range=::,constructor:br-lan,ra-stateless,ra-names
enable-ra
dhcp-option=tag:lan,option:router,192.168.1.1
dhcp-option=tag:lan,option:dns-server,0.0.0.0
dhcp-option=option:domain-search,lan,corp.example
dhcp-option=option:classless-static-route,10.0.0.0/8,192.168.1.2
dhcp-option=option6:dns-server,[::]
dhcp-option-force=tag:pxelinux,209,configs/common
dhcp-option-force=tag:pxelinux,208,f1:00:74:7e
dhcp-host=52:54:00:12:34:56,printer,192.168.1.20,infinite
dhcp-host=id:01:52:54:00:aa:bb:cc,set:known-laptop
address=/ads.example/0.0.0.0
cname=boot.lan,nas.lan
srv-host=_ldap._tcp.lan,nas.lan,389
ptr-record=20.1.168.192.in-addr.arpa.,printer.lan
txt-record=lan,"v=spf1 -all"
dhcp-match=set:ipxe,175
dhcp-match=set:bios,option:client-arch,0
dhcp-match=set:efi64,option:client-arch,7
dhcp-match=set:efi64,option:client-arch,9
dhcp-boot=tag:bios,tag:!ipxe,undionly.kpxe,nas,192.168.1.5
dhcp-boot=tag:efi64,tag:!ipxe,snponly.efi,nas,192.168.1.5
dhcp-boot=tag:ipxe,http://192.168.1.5/menu.ipxe
dhcp-lease-max=150
dhcp-leasefile=/tmp/dhcp.leases
read-ethers
dnssec
trust-anchor=.,20326,8,2,E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
conf-dir=/tmp/dnsmasq.d,*.conf
)";

inline constexpr std::array kExampleConfigurations = {
    ExampleConfiguration{"article", kArticle},
    ExampleConfiguration{"fog", kFog},
    ExampleConfiguration{"ltsp", kLtsp},
    ExampleConfiguration{"piserver", kPiserver},
    ExampleConfiguration{"netboot.xyz", kNetbootXyz},
    ExampleConfiguration{"ipxe-chain", kIpxeChain},
    ExampleConfiguration{"router", kRouter},
};

}  // namespace pxeproof::server
