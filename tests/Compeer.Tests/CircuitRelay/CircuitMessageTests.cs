using Compeer.Formats.Multiformats;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.CircuitRelay;

namespace Compeer.Tests.CircuitRelay;

public sealed class CircuitMessageTests
{
    private static readonly PeerId Peer = PeerId.FromPublicKey(PrivateIdentity.Generate().PublicKey);

    private static readonly CircuitMessage Full = new(CircuitMessageType.Status)
    {
        Peer = Peer,
        Status = CircuitStatus.Ok,
        Limit = new CircuitLimit(TimeSpan.FromMinutes(2), 128 << 10),
        Reservation = new CircuitReservation(1_800_000_000, [Multiaddr.Parse("/ip4/192.0.2.1/tcp/4001").With(Peer)], new byte[] { 1, 2, 3 }),
    };

    [Fact]
    public void Hop_messages_survive_a_round_trip()
    {
        Assert.True(CircuitMessage.TryDecodeHop(Full.EncodeHop(), out CircuitMessage? read));
        Assert.Equal((Full.Type, Full.Peer, Full.Status, Full.Limit), (read.Type, read.Peer, read.Status, read.Limit));
        Assert.Equal((Full.Reservation!.Expires, Full.Reservation.Addresses[0]), (read.Reservation!.Expires, Assert.Single(read.Reservation.Addresses)));
        Assert.Equal(Full.Reservation.Voucher.ToArray(), read.Reservation.Voucher.ToArray());
    }

    [Fact]
    public void Stop_messages_have_other_numbers_and_no_reservation()
    {
        Assert.True(CircuitMessage.TryDecodeStop(Full.EncodeStop(), out CircuitMessage? read));
        Assert.Equal(Full with { Reservation = null }, read);
        var connect = new CircuitMessage(CircuitMessageType.Connect) { Peer = Peer };
        Assert.True(CircuitMessage.TryDecodeStop(connect.EncodeStop(), out read));
        Assert.Equal(connect, read);
        Assert.Equal([0x08, 0x00], connect.EncodeStop()[..2]);
        Assert.Equal([0x08, 0x01], connect.EncodeHop()[..2]);
    }

    [Fact]
    public void A_request_for_a_place_is_its_type_alone() => Assert.Equal([0x08, 0x00], new CircuitMessage(CircuitMessageType.Reserve).EncodeHop());

    [Fact]
    public void What_is_cut_is_refused_or_reads_as_less()
    {
        byte[] bytes = Full.EncodeHop();
        for (int length = 0; length < bytes.Length; length++)
        {
            if (CircuitMessage.TryDecodeHop(bytes.AsSpan(0, length), out CircuitMessage? read))
                Assert.NotEqual(bytes, read.EncodeHop());
        }
    }

    [Fact]
    public void What_is_too_long_or_has_no_type_is_refused()
    {
        Assert.False(CircuitMessage.TryDecodeHop([0x08, 0x00, 0x7A, .. Varint(CircuitMessage.MaxBytes), .. new byte[CircuitMessage.MaxBytes]], out _));
        Assert.False(CircuitMessage.TryDecodeHop([], out _));
        Assert.False(CircuitMessage.TryDecodeHop([0x08, 0x03], out _));
        Assert.False(CircuitMessage.TryDecodeStop([0x08, 0x02], out _));
        Assert.False(CircuitMessage.TryDecodeHop([0x08, 0x01, 0x12, 0x02, 0x0A, 0x00], out _));
    }

    [Fact]
    public void Only_so_many_addresses_are_read()
    {
        Multiaddr[] many = [.. Enumerable.Range(1, 40).Select(i => Multiaddr.Parse($"/ip4/192.0.2.1/tcp/{i}"))];
        CircuitMessage large = Full with { Reservation = Full.Reservation! with { Addresses = many } };
        Assert.True(CircuitMessage.TryDecodeHop(large.EncodeHop(), out CircuitMessage? read));
        Assert.Equal(many.Take(CircuitReservation.MaxAddresses), read.Reservation!.Addresses);
    }

    [Fact]
    public void Random_bytes_are_read_or_refused()
    {
        var random = new Random(11);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = i % 2 == 0 ? new byte[random.Next(64)] : Full.EncodeHop();
            if (i % 2 == 0)
                random.NextBytes(bytes);
            else
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            CircuitMessage.TryDecodeHop(bytes, out _);
            CircuitMessage.TryDecodeStop(bytes, out _);
            ReservationVoucher.TryOpen(bytes, OpenSslKeys.Instance, out _);
        }
    }

    [Fact]
    public void A_voucher_is_its_relays_word_for_one_peer()
    {
        PrivateIdentity relay = PrivateIdentity.Generate();
        byte[] sealedVoucher = ReservationVoucher.Seal(relay, Peer, 1_800_000_000).Bytes.ToArray();
        Assert.True(ReservationVoucher.TryOpen(sealedVoucher, OpenSslKeys.Instance, out ReservationVoucher? voucher));
        Assert.Equal(new ReservationVoucher(PeerId.FromPublicKey(relay.PublicKey), Peer, 1_800_000_000), voucher);
        for (int i = 0; i < sealedVoucher.Length; i++)
        {
            byte[] changed = [.. sealedVoucher];
            changed[i] ^= 1;
            Assert.False(ReservationVoucher.TryOpen(changed, OpenSslKeys.Instance, out _), $"byte {i}");
        }
    }

    private static byte[] Varint(int value)
    {
        byte[] bytes = new byte[9];
        return bytes[..UnsignedVarint.Write(bytes, (ulong)value)];
    }
}
