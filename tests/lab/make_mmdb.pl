#!/usr/bin/perl
# make_mmdb.pl DIR: writes city.mmdb and asn.mmdb (MaxMind's format) for the addresses of the lab. All in
# them is invented, but for the names of places; AS numbers are those of documentation (RFC 5398).
use strict;
use warnings;
use MaxMind::DB::Writer::Tree;

my $dir = shift or die "usage: make_mmdb.pl DIR\n";
my %types = (
	autonomous_system_number => 'uint32',
	autonomous_system_organization => 'utf8_string',
	city => 'map',
	country => 'map',
	en => 'utf8_string',
	iso_code => 'utf8_string',
	latitude => 'double',
	location => 'map',
	longitude => 'double',
	names => 'map',
);

sub write_db {
	my ($name, $type, @rows) = @_;
	my $tree = MaxMind::DB::Writer::Tree->new(
		database_type => $type,
		description => {en => 'the lab of the tests'},
		ip_version => 6,
		languages => ['en'],
		map_key_type_callback => sub { $types{$_[0]} },
		record_size => 24,
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

sub place {
	my ($country, $city, $latitude, $longitude) = @_;
	return {
		country => {iso_code => $country},
		city => {names => {en => $city}},
		location => {latitude => $latitude, longitude => $longitude},
	};
}

sub as {
	my ($number, $name) = @_;
	return {autonomous_system_number => $number, autonomous_system_organization => $name};
}

write_db('city', 'GeoIP2-City',
	'10.77.1.0/26' => place('CH', 'Bern', 46.948, 7.447),
	'10.77.1.64/26' => place('KE', 'Nairobi', -1.286, 36.817),
	'10.77.1.128/25' => place('UY', 'Montevideo', -34.901, -56.164),
	'10.99.0.0/24' => place('IS', "Reykjav\x{ed}k", 64.147, -21.942),
	'fd00:77::/122' => place('JP', 'Sapporo', 43.062, 141.354),
	'fd00:77::40/122' => place('CA', 'Halifax', 44.648, -63.575),
	'fd00:99::/64' => place('IS', "Reykjav\x{ed}k", 64.147, -21.942),
);
write_db('asn', 'GeoLite2-ASN',
	'10.77.0.0/16' => as(64496, 'Lab Four'),
	'10.99.0.0/24' => as(64497, 'Lab Link'),
	'fd00:77::/48' => as(64498, 'Lab Six'),
	'fd00:99::/64' => as(64497, 'Lab Link'),
);
