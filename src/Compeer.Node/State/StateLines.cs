namespace Compeer.Node.State;

/// <summary>The lines of the state file with the places where they begin.</summary>
internal static class StateLines
{
    private const int FirstBufferBytes = 64 << 10;

    /// <summary>Reads on from where the stream stands.</summary>
    /// <param name="file">The file.</param>
    /// <param name="maxBytes">Of a longer line so many bytes and one more are given.</param>
    /// <returns>Each line without its end, valid until the next is asked for; the last may have had no end.</returns>
    public static IEnumerable<(long Position, ReadOnlyMemory<byte> Line)> Read(Stream file, int maxBytes)
    {
        byte[] buffer = new byte[FirstBufferBytes];
        (long position, int begin, int end, bool isSkipping) = (file.Position, 0, 0, false);
        while (true)
        {
            int length = buffer.AsSpan(begin, end - begin).IndexOf((byte)'\n');
            if (length >= 0)
            {
                if (!isSkipping)
                    yield return (position, WithoutReturn(buffer.AsMemory(begin, length)));
                isSkipping = false;
                begin += length + 1;
                position += length + 1;
                continue;
            }
            buffer.AsSpan(begin, end - begin).CopyTo(buffer);
            (begin, end) = (0, end - begin);
            if (isSkipping || end > maxBytes)
            {
                if (!isSkipping)
                    yield return (position, buffer.AsMemory(0, end));
                position += end;
                (end, isSkipping) = (0, true);
            }
            if (end == buffer.Length)
                Array.Resize(ref buffer, 2 * end);
            int read = file.Read(buffer.AsSpan(end));
            if (read == 0)
                break;
            end += read;
        }
        if (end > 0 && !isSkipping)
            yield return (position, WithoutReturn(buffer.AsMemory(0, end)));
    }

    private static ReadOnlyMemory<byte> WithoutReturn(ReadOnlyMemory<byte> line) => line.Span is [.., (byte)'\r'] ? line[..^1] : line;
}
