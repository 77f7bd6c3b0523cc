import { cleanForwardedFor, clientOf, networkOf } from './client.address.ts';

describe('cleanForwardedFor', () => {
  it.each([
    ['203.0.113.1', '203.0.113.1'],
    ['203.0.113.1:5678', '203.0.113.1'],
    ['[2001:db8::1]:80', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%25eth0]:443', 'fe80::1'],
    ['::ffff:203.0.113.1', '203.0.113.1'],
    ['[::ffff:cb00:7101]:80', '203.0.113.1'],
    [' 203.0.113.1 ,\t198.51.100.2 ', '203.0.113.1, 198.51.100.2'],
    ['unknown, 203.0.113.1', '203.0.113.1'],
    ['203.0.113.9, nonsense, 203.0.113.1', '203.0.113.1'],
    ['203.0.113.9, , 203.0.113.1', '203.0.113.1'],
    ['203.0.113.1, _hidden', ''],
    ['', ''],
    ['999.1.1.1', ''],
    ['010.0.0.1', ''],
    ['0x7f.1', ''],
    ['2130706433', ''],
    ['1.2.3.4:', ''],
    ['1.2.3.4:99999999', ''],
    ['1.2.3.4:80:80', ''],
    ['[1.2.3.4]:80', ''],
    ['[::1', ''],
    ['::1]:80', ''],
    ['2001:db8::1%{users}:user:tintin', '2001:db8::1'],
    ['a'.repeat(100), ''],
  ])('makes of "%s": "%s"', (field, clean) => {
    expect(cleanForwardedFor(field)).toBe(clean);
  });

  it('looks at no more hops than there can be', () => {
    expect(cleanForwardedFor(Array(5000).fill('10.0.0.1').join()).split(', ')).toHaveLength(16);
  });
});

it.each([
  ['203.0.113.77', '203.0.113.77', '203.0.113.0/24'],
  ['::ffff:203.0.113.77', '203.0.113.77', '203.0.113.0/24'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64', '2001:db8:1::/48'],
  ['fe80::1%eth0', 'fe80::/64', 'fe80::/48'],
  ['::1', '::1', '::1'],
  ['tintin', 'gone', 'gone'],
  [undefined, 'gone', 'gone'],
])('the client at %s is counted as %s, of the network %s', (ip, client, network) => {
  expect([clientOf(ip), networkOf(ip)]).toEqual([client, network]);
});
