#!/usr/bin/perl
# make_mmdb.pl DIR: writes small databases in MaxMind's format for the tests: city.mmdb and asn.mmdb
# (laid out as GeoIP2), wide.mmdb and widest.mmdb (the same with larger records), flat.mmdb (as other vendors do), v4.mmdb (IPv4 only), odd.mmdb (values of
# unexpected types). Addresses are documentation space (RFC 5737, 3849), AS numbers of RFC 5398.
use strict;
use warnings;
use MaxMind::DB::Writer::Tree;

my $dir = shift or die "usage: make_mmdb.pl DIR\n";
my %types = (
	autonomous_system_number => 'uint32',
	autonomous_system_organization => 'utf8_string',
	asn => 'utf8_string',
	as_name => 'utf8_string',
	city => 'map',
	country => 'map',
	country_code => 'utf8_string',
	en => 'utf8_string',
	iso_code => 'utf8_string',
	latitude => 'double',
	location => 'map',
	longitude => 'double',
	names => 'map',
	other => 'utf8_string',
);

sub write_db {
	my ($name, $version, $override, $size, @rows) = @_;
	my %t = (%types, %$override);
	my $tree = MaxMind::DB::Writer::Tree->new(
		database_type => "Test-$name",
		description => {en => 'made by a test'},
		ip_version => $version,
		languages => ['en'],
		map_key_type_callback => sub { $t{$_[0]} },
		record_size => $size,
		remove_reserved_networks => 0,
		alias_ipv6_to_ipv4 => 0,
	);
	while (my ($network, $record) = splice(@rows, 0, 2)) {
		$tree->insert_network($network, $record);
	}
	open my $fh, '>:raw', "$dir/$name.mmdb" or die "$dir/$name.mmdb: $!\n";
	$tree->write_tree($fh);
	close $fh or die "$dir/$name.mmdb: $!\n";
}

my @city = (
	'192.0.2.0/25' => {
		country => {iso_code => 'CH'},
		city => {names => {en => "Z\x{fc}rich"}},
		location => {latitude => 47.3769, longitude => 8.5417},
	},
	'192.0.2.128/25' => {country => {iso_code => 'NZ'}},
	'2001:db8::/33' => {
		country => {iso_code => 'BR'},
		location => {latitude => -23.55, longitude => -46.63333},
	},
);
write_db('city', 6, {}, 24, @city);
write_db('wide', 6, {}, 28, @city);
write_db('widest', 6, {}, 32, @city);
write_db('asn', 6, {}, 24,
	'192.0.2.0/24' => {autonomous_system_number => 64496, autonomous_system_organization => 'Example "Net" \\ 1'},
	'2001:db8::/32' => {autonomous_system_number => 4200000000, autonomous_system_organization => 'Big'},
);
write_db('flat', 6, {city => 'utf8_string', country => 'utf8_string'}, 24,
	'192.0.2.0/24' => {country_code => 'XX', city => 'Flattown', asn => 'AS64511', as_name => 'Flat'},
	'198.51.100.0/24' => {country => 'YY'},
);
write_db('v4', 4, {}, 24, '203.0.113.0/24' => {country => {iso_code => 'AU'}});
write_db('odd', 6, {
		iso_code => 'uint32', en => 'uint32', latitude => 'utf8_string', longitude => 'double',
		asn => 'utf8_string', autonomous_system_organization => 'uint32',
	}, 24,
	'192.0.2.0/26' => {
		country => {iso_code => 7}, city => {names => {en => 9}},
		location => {latitude => 'north', longitude => 8.5}, asn => 'AS-NONE',
		autonomous_system_organization => 5,
	},
	'192.0.2.64/26' => {location => {longitude => 999.0}, asn => 'AS99999999999'},
	'192.0.2.128/26' => {other => 'nothing we know'},
);
