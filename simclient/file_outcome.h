#pragma once

#include <string>

#include "firmware/profile.h"
#include "simclient/boot_stage.h"
#include "simclient/tftp_download.h"

namespace pxeproof::rom {

// What an ended download means, for the program that asked and for people.
Fetched::Outcome outcome_of(const TftpDownload::Ending& ending);
std::string reason_of(const TftpDownload& download);

// Tells how a download ended. A server's ERROR was told when it came.
void report_file(Instant now, RomBoard& board, const TftpDownload& download);

}  // namespace pxeproof::rom
