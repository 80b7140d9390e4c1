using System.Buffers;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Protocols;

namespace Compeer.Network.Overlays;

// The tasks that read and write.
public sealed partial class OverlayDriver<TMessage>
{
    private const int FirstBufferBytes = 4096;

    private static bool IsEndOfStream(Exception e) => e is IOException or OperationCanceledException or ObjectDisposedException;

    /// <summary>Writes what waits for a peer, until nothing does.</summary>
    private async Task WriteAsync(OverlayLink<TMessage> link, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                byte[] batch;
                lock (_lock)
                {
                    batch = link.TakeBatch();
                    link.MovedAt = MonotonicClock.Now;
                    if (_room is not null && !IsCrowded())
                    {
                        _room.SetResult();
                        _room = null;
                    }
                    if (batch.Length == 0)
                    {
                        link.IsWriting = false;
                        return;
                    }
                }
                if (link.Stream is null)
                {
                    DuplexStream opened = await OpenAsync(link.Peer, cancellationToken);
                    lock (_lock)
                        (link.Stream, link.MovedAt) = (opened, MonotonicClock.Now);
                }
                await link.Stream.WriteAsync(batch, cancellationToken);
            }
        }
        catch (Exception e) when (IsEndOfStream(e))
        {
            link.Stream?.Abort();
            link.Stream?.Dispose();
            if (cancellationToken.IsCancellationRequested)
                return;
            Step(_ => Break(link));
            _owner?.OnLost(link.Peer);
        }
    }

    private async Task<DuplexStream> OpenAsync(PeerId peer, CancellationToken cancellationToken)
    {
        if (_options.Dials)
            return await _host.OpenStreamAsync(peer, _options.Protocols, cancellationToken);
        HostConnection connection = _host.Connections.FirstOrDefault(c => c.RemotePeer == peer && c.IsOpen)
            ?? throw new PeerUnreachableException($"{peer} is not connected.");
        return await connection.OpenStreamAsync(_options.Protocols, cancellationToken);
    }

    /// <summary>Reads a peer's stream until it ends or breaks the rules.</summary>
    private async Task ReadAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        bool isTooMany;
        lock (_lock)
        {
            if (!_reading.TryGetValue(stream.RemotePeer, out List<DuplexStream>? all))
                _reading[stream.RemotePeer] = all = [];
            all.Add(stream);
            isTooMany = all.Count > _options.MaxStreamsPerPeer;
            if (_isEnding)
                stream.Abort();
        }
        byte[] buffer = new byte[FirstBufferBytes];
        try
        {
            if (isTooMany)
                throw new InvalidDataException("it opens too many streams");
            if (_owner is not null)
                await _owner.OnOpenedAsync(stream, cancellationToken);
            int held = 0;
            while (await stream.ReadAsync(buffer.AsMemory(held), cancellationToken) is > 0 and var received)
            {
                held += received;
                int taken = Take(stream.RemotePeer, buffer.AsSpan(0, held));
                buffer.AsSpan(taken, held - taken).CopyTo(buffer);
                held -= taken;
                if (taken > 0 && _owner is not null)
                    await _owner.OnReceivedAsync(cancellationToken);
                // It grows with what has come, not with what a length promises.
                if (held == buffer.Length)
                    Array.Resize(ref buffer, Math.Min(2 * held, _options.MaxMessageBytes + UnsignedVarint.MaxLength));
                else if (held == 0 && buffer.Length > 16 * FirstBufferBytes)
                    buffer = new byte[FirstBufferBytes];
            }
            if (held > 0)
                throw new InvalidDataException("it ended its stream within a message");
        }
        catch (InvalidDataException e)
        {
            stream.Abort();
            lock (_lock)
                Faults++;
            _owner?.OnFault(stream.RemotePeer, e.Message);
        }
        finally
        {
            lock (_lock)
            {
                List<DuplexStream> all = _reading[stream.RemotePeer];
                all.Remove(stream);
                if (all.Count == 0)
                    _reading.Remove(stream.RemotePeer);
            }
        }
    }

    /// <summary>Gives the machine the whole messages at the start of some bytes; how many bytes those are.</summary>
    /// <exception cref="InvalidDataException">A message is too long or malformed; the ones before it were taken.</exception>
    private int Take(PeerId from, ReadOnlySpan<byte> bytes)
    {
        var messages = new List<TMessage>();
        int taken = 0;
        string? fault = null;
        while (fault is null && taken < bytes.Length)
        {
            OperationStatus status = UnsignedVarint.Read(bytes[taken..], out ulong length, out int prefix);
            if (status == OperationStatus.NeedMoreData)
                break;
            if (status != OperationStatus.Done || length > (ulong)_options.MaxMessageBytes)
            {
                fault = status != OperationStatus.Done ? "the length of a message is malformed" : $"a message of {length} bytes is longer than {_options.MaxMessageBytes}";
                break;
            }
            if (bytes.Length - taken - prefix < (int)length)
                break;
            if (_codec.TryDecode(bytes.Slice(taken + prefix, (int)length), out TMessage message))
                messages.Add(message);
            else
                fault = "a message is malformed";
            taken += prefix + (int)length;
        }
        if (messages.Count > 0)
        {
            Step(now =>
            {
                if (_isEnding)
                    return;
                foreach (TMessage message in messages)
                    _machine.Receive(from, message, now);
            });
        }
        return fault is null ? taken : throw new InvalidDataException(fault);
    }
}
