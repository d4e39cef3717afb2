#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# rules-sa.pl RULES SITE FILE... - SpamAssassin over mails in one process
#
# Prints CPU microseconds a mail, start-up and the first mail left out.
use strict;
use warnings;
use Mail::SpamAssassin;
use Time::HiRes;

my ($rules, $site, @files) = @ARGV;
my $sa = Mail::SpamAssassin->new({
	rules_filename => $rules, site_rules_filename => $site,
	userprefs_filename => '/dev/null', local_tests_only => 1,
	dont_copy_prefs => 1 });
$sa->init(1);

sub look {
	my ($path) = @_;
	open(my $f, '<', $path) or die "$path: $!\n";
	my @lines = <$f>;
	close($f);
	my $mail = $sa->parse(\@lines, 1);
	my $status = $sa->check($mail);
	$status->finish();
	$mail->finish();
}

look($files[0]);
my ($u, $s) = times();
look($_) for @files;
my ($u2, $s2) = times();
printf("cpu_us=%.0f\n", ($u2 + $s2 - $u - $s) / @files * 1e6);
