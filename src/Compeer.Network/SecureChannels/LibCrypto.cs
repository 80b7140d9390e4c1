using System.Runtime.InteropServices;

namespace Compeer.Network.SecureChannels;

/// <summary>The few functions of OpenSSL's libcrypto that .NET does not offer. .NET on Linux loads the same library.</summary>
internal static class LibCrypto
{
    /// <summary>NID_ED25519.</summary>
    public const int Ed25519 = 1087;

    /// <summary>NID_X25519.</summary>
    public const int X25519 = 1034;

    private const string Library = OpenSslLibraries.Crypto;

    static LibCrypto() => OpenSslLibraries.Register();

    [DllImport(Library, EntryPoint = "EVP_PKEY_new_raw_private_key")]
    public static extern PublicKeyHandle NewPrivateKey(int type, IntPtr engine, ref byte key, nuint length);

    [DllImport(Library, EntryPoint = "EVP_PKEY_new_raw_public_key")]
    public static extern PublicKeyHandle NewPublicKey(int type, IntPtr engine, ref byte key, nuint length);

    [DllImport(Library, EntryPoint = "EVP_PKEY_get_raw_public_key")]
    public static extern int GetPublicKey(PublicKeyHandle key, ref byte target, ref nuint length);

    [DllImport(Library, EntryPoint = "EVP_PKEY_free")]
    public static extern void FreeKey(IntPtr key);

    [DllImport(Library, EntryPoint = "EVP_MD_CTX_new")]
    public static extern DigestContextHandle NewContext();

    [DllImport(Library, EntryPoint = "EVP_MD_CTX_free")]
    public static extern void FreeContext(IntPtr context);

    [DllImport(Library, EntryPoint = "EVP_DigestSignInit")]
    public static extern int SignInit(DigestContextHandle context, IntPtr keyContext, IntPtr type, IntPtr engine, PublicKeyHandle key);

    [DllImport(Library, EntryPoint = "EVP_DigestSign")]
    public static extern int Sign(DigestContextHandle context, ref byte signature, ref nuint signatureLength, ref byte message, nuint messageLength);

    [DllImport(Library, EntryPoint = "EVP_DigestVerifyInit")]
    public static extern int VerifyInit(DigestContextHandle context, IntPtr keyContext, IntPtr type, IntPtr engine, PublicKeyHandle key);

    [DllImport(Library, EntryPoint = "EVP_DigestVerify")]
    public static extern int Verify(DigestContextHandle context, ref byte signature, nuint signatureLength, ref byte message, nuint messageLength);

    [DllImport(Library, EntryPoint = "EVP_PKEY_CTX_new")]
    public static extern AgreementHandle NewAgreement(PublicKeyHandle key, IntPtr engine);

    [DllImport(Library, EntryPoint = "EVP_PKEY_CTX_free")]
    public static extern void FreeAgreement(IntPtr context);

    [DllImport(Library, EntryPoint = "EVP_PKEY_derive_init")]
    public static extern int AgreeInit(AgreementHandle context);

    [DllImport(Library, EntryPoint = "EVP_PKEY_derive_set_peer")]
    public static extern int AgreeWith(AgreementHandle context, PublicKeyHandle peer);

    [DllImport(Library, EntryPoint = "EVP_PKEY_derive")]
    public static extern int Agree(AgreementHandle context, ref byte shared, ref nuint length);

    /// <summary>An EVP_PKEY.</summary>
    public sealed class PublicKeyHandle() : SafeHandle(IntPtr.Zero, ownsHandle: true)
    {
        public override bool IsInvalid => handle == IntPtr.Zero;

        protected override bool ReleaseHandle()
        {
            FreeKey(handle);
            return true;
        }
    }

    /// <summary>An EVP_PKEY_CTX.</summary>
    public sealed class AgreementHandle() : SafeHandle(IntPtr.Zero, ownsHandle: true)
    {
        public override bool IsInvalid => handle == IntPtr.Zero;

        protected override bool ReleaseHandle()
        {
            FreeAgreement(handle);
            return true;
        }
    }

    /// <summary>An EVP_MD_CTX.</summary>
    public sealed class DigestContextHandle() : SafeHandle(IntPtr.Zero, ownsHandle: true)
    {
        public override bool IsInvalid => handle == IntPtr.Zero;

        protected override bool ReleaseHandle()
        {
            FreeContext(handle);
            return true;
        }
    }
}
